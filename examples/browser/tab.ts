/** A part of the page that holds tensors: it has a backend of its own, and is started anew on every other. */
export interface Tab {
  /** Makes the tensors, on the backend of the moment. */
  start(): Promise<void>;
  /** Frees them. */
  stop(): void;
  /** Ends long work early, because it is about to be stopped. */
  interrupt?(): void;
  /** Hears whether the visitor sees the tab. */
  show(visible: boolean): void;
}
