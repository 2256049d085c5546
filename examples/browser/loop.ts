/** Work that is done in small slices, one before each picture of the browser, so that the page never freezes. */
export interface Loop {
  /** Goes on working if there is nothing to do at present. */
  wake(): void;
}

/**
 * Makes a loop, asleep.
 *
 * @param slice - Does a little work and says whether there is more.
 * @param onFailure - Hears of an error, which ends the work until the next `wake`.
 */
export function createLoop(slice: () => Promise<boolean>, onFailure: (error: unknown) => void): Loop {
  let awake = false;
  let again = false;
  const run = async () => {
    awake = true;
    try {
      do {
        again = false;
        await new Promise(requestAnimationFrame);
        if (await slice()) again = true;
      } while (again);
    } catch (error) {
      onFailure(error);
    } finally {
      awake = false;
    }
  };
  return {
    wake() {
      again = true;
      if (!awake) void run();
    },
  };
}
