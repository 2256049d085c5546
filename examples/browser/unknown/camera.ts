/** A webcam that can be switched on and off. */
export interface Camera {
  readonly isOn: boolean;
  /** Asks the visitor for the webcam, and shows it. */
  start(): Promise<void>;
  stop(): void;
}

/** Shows the webcam in a video element while it is on. */
export function createCamera(video: HTMLVideoElement): Camera {
  let stream: MediaStream | undefined;
  const stop = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = undefined;
    video.srcObject = null;
    video.hidden = true;
  };
  return {
    get isOn() {
      return stream !== undefined;
    },
    async start() {
      stop();
      if (navigator.mediaDevices === undefined) throw new Error('Browsers lend the webcam to pages with https only.');
      stream = await navigator.mediaDevices.getUserMedia({ video: true });
      video.srcObject = stream;
      video.hidden = false;
      await video.play();
    },
    stop,
  };
}
