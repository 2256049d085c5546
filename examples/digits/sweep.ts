import { evaluateOod, type FitOptions, type Method, maxConfidenceAttack } from 'relu-overconfidence';
import { useWasm } from '../support/useWasm';
import { loadDigits } from './digits';
import { EPSILON, trainDigits } from './train';

/** Trains with one setting changed at a time, and prints a row of a Markdown table for each. */
const RUNS: readonly (readonly [Method, FitOptions])[] = [
  ['plain', {}],
  ['ceda', {}],
  ...[0.05, 0.1, 0.2, 0.3, 0.5].map((epsilon) => ['acet', { epsilon, stepSize: epsilon / 5 }] as const),
  ...[0.1, 0.5, 2, 10].map((lambda) => ['acet', { lambda }] as const),
];

await useWasm();
const digits = await loadDigits();
console.log(`| method | epsilon | lambda | test error | digits | noise | adversarial noise, radius ${EPSILON} |`);
console.log('|---|--:|--:|--:|--:|--:|--:|');
for (const [method, settings] of RUNS) {
  const model = await trainDigits(method, digits, settings);
  const { testError, rows } = await evaluateOod(model, {
    in: digits.test,
    adversarialNoise: { epsilon: EPSILON, attack: maxConfidenceAttack, steps: 50 },
    adversarialSamples: false,
    seed: 1,
  });
  const { epsilon = EPSILON, lambda = 1 } = settings;
  const cells = [
    method,
    method === 'acet' ? String(epsilon) : '',
    method === 'plain' ? '' : String(lambda),
    `${(100 * testError).toFixed(1)} %`,
    ...rows.map(({ meanMaxConfidence }) => meanMaxConfidence!.toFixed(3)),
  ];
  console.log(`| ${cells.join(' | ')} |`);
  model.dispose();
}
