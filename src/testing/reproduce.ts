import type { AdversarialNoise } from './adversarialNoise';

/** The lines of code that make one attacked image again. */
export function reproduce(
  { net, images, samples, attack, seed, settings, options }: AdversarialNoise,
  index: number,
): string[] {
  const [low, high] = net.bounds;
  const bounds = low === 0 && high === 1 ? [] : [`bounds: [${low}, ${high}]`];
  const rng = (label: string) => `createRng(${JSON.stringify(seed)}).fork('${label}')`;
  const sampler = options.noise ? options.noise.name || 'noise' : `paperSampler({ ${bounds.join('')} })`;
  const noise =
    images === undefined
      ? `uniformNoise([${[samples, ...net.inputShape].join(', ')}], { ${[`rng: ${rng('noise')}`, ...bounds].join(', ')} })`
      : `${sampler}(tf.slice(images, 0, ${samples}), ${rng('noise')})`;
  const given = Object.entries(settings).map(([name, value]) => `${name}: ${value}`);
  const told = [...given, `rng: ${rng('attack')}`, `rows: { first: ${index}, of: ${samples} }`].join(', ');
  return [
    `const noise = ${noise};`,
    `const { adversarial } = ${attack.name || 'attack'}(model, tf.slice(noise, ${index}, 1), { ${told} });`,
  ];
}
