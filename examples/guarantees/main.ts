import { useWasm } from '../support/useWasm';
import { moons } from './moons';

await useWasm();
await moons();
