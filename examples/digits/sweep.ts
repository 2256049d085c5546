import { evaluateOod, type FitOptions, type Method, maxConfidenceAttack } from 'relu-overconfidence';
import { useWasm } from '../support/useWasm';
import { loadDigits } from './digits';
import { EPSILON, trainDigits } from './train';

/** Half the epochs and half the attack that there are otherwise, for there are many trainings. */
const SHORT: FitOptions = { epochs: 20, steps: 5 };
const acet = (epsilon: number, lambda: number) =>
  ['acet', { ...SHORT, epsilon, stepSize: epsilon / 2.5, lambda }] as const;

/** One training for each row of the table that is printed. */
const RUNS: readonly (readonly [Method, FitOptions])[] = [
  ['plain', SHORT],
  ['ceda', SHORT],
  acet(0.1, 1),
  acet(0.2, 1),
  acet(0.3, 1),
  acet(0.5, 1),
  acet(0.3, 0.1),
  acet(0.3, 10),
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
