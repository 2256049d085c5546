export { crossEntropy } from './crossEntropy';
export { crossEntropyTo } from './crossEntropyTo';
export { lpOut } from './lpOut';
export { maxLogOdds } from './maxLogOdds';
export { uniformCrossEntropy } from './uniformCrossEntropy';
export { weightDecay } from './weightDecay';
