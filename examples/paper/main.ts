import { parseArgs } from 'node:util';
import { table1 } from './table1';

const USAGE = `Usage: npx tsx examples/paper/main.ts <task> [options]

  table1 --checkpoints   Table 1 on CIFAR-10 with the authors' weights

  --data DIR       folder of the data sets (default: RELU_DATA)
  --models DIR     folder of cifar10-plain, cifar10-ceda, cifar10-acet, each with a checkpoint (default: RELU_MODELS)
  --output DIR     where results go and are found again (default: examples/paper/output)
  --attacked N     images attacked per row (default: 200; the paper attacks all)`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    checkpoints: { type: 'boolean', default: false },
    data: { type: 'string', default: process.env.RELU_DATA ?? '' },
    models: { type: 'string', default: process.env.RELU_MODELS ?? '' },
    output: { type: 'string', default: 'examples/paper/output' },
    attacked: { type: 'string', default: '200' },
  },
});
const attacked = Number(values.attacked);

if (
  positionals.join() === 'table1' &&
  values.checkpoints &&
  values.data !== '' &&
  values.models !== '' &&
  attacked > 0
) {
  await table1({ data: values.data, models: values.models, output: values.output, attacked });
} else {
  console.error(USAGE);
  process.exitCode = 2;
}
