export { crossEntropy, crossEntropyTo } from './crossEntropy';
export { lpOut } from './lpOut';
export { maxLogOdds } from './maxLogOdds';
export { binaryCrossEntropy, binaryCrossEntropyTo, maxLogit, maxLogSigmoid } from './sigmoidLosses';
export { uniformCrossEntropy } from './uniformCrossEntropy';
export { weightDecay } from './weightDecay';
