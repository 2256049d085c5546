// What a page needs to say "unknown".
export { likeTeachableMachine, restoreUnknown } from 'relu-overconfidence/detectors';
