/** A part of the page that holds tensors: it is started anew on every backend. */
export interface Tab {
  /** Makes the tensors, on the backend of the moment. */
  start(): Promise<void>;
  /** Frees them. */
  stop(): void;
  /** Hears whether the visitor sees the tab. */
  show(visible: boolean): void;
}
