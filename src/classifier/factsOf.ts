import type { Classifier } from './types';

/** What a classifier made of another takes over from it; the variables are asked for anew each time, for they may change. */
export function factsOf(net: Classifier): Omit<Classifier, 'logits' | 'layersModel'> {
  return {
    inputShape: net.inputShape,
    classes: net.classes,
    bounds: net.bounds,
    ...(net.boundsFrom === undefined ? {} : { boundsFrom: net.boundsFrom }),
    ...(net.head === undefined ? {} : { head: net.head }),
    ...(net.labels === undefined ? {} : { labels: net.labels }),
    ...(net.image === undefined ? {} : { image: net.image }),
    get variables() {
      return net.variables;
    },
    get decayed() {
      return net.decayed;
    },
    get state() {
      return net.state;
    },
  };
}
