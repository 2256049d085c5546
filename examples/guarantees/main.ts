import { parseArgs } from 'node:util';
import { useWasm } from '../support/useWasm';
import { good } from './good';
import { maxima } from './maxima';
import { mnist } from './mnist';
import { METHODS } from './mnistMethods';
import { moons } from './moons';
import { table } from './table';

const USAGE = `Usage: npx tsx examples/guarantees/main.ts [table --dataset digits|cifar10 | good | mnist | maxima] [options]

  without a task       draws the pictures of the two moons and checks what they promise
  table                measures networks and wrappers on real images
    --attacked N       images of noise that are attacked (default: 200)
    --data DIR         folder of CIFAR-10 (default: RELU_DATA)
    --models DIR       folder of the authors' networks (default: RELU_MODELS)
  good                 trains GOOD on the digits with several settings
  mnist                the table of GOOD: classifiers of MNIST, certified against other images
    --method M         only one row: plain, ProoD, CEDA, CCU, GOOD or ACET
    --data DIR         folder of the data sets (default: RELU_DATA)
  maxima               searches for the largest confidences near digits and noise
    --images N         how many (default: 20)
    --seconds N        how long each is searched (default: 10)
    --output DIR       where results go and are found again (default: examples/guarantees/output)`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    dataset: { type: 'string' },
    method: { type: 'string' },
    attacked: { type: 'string', default: '200' },
    images: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '10' },
    data: { type: 'string', default: process.env.RELU_DATA ?? '' },
    models: { type: 'string', default: process.env.RELU_MODELS ?? '' },
    output: { type: 'string', default: 'examples/guarantees/output' },
  },
});
const { dataset, method, data, models, output } = values;
const methods = Object.keys(METHODS).filter((name) => method === undefined || name === method);
const [attacked, images, seconds] = [Number(values.attacked), Number(values.images), Number(values.seconds)];
const task = positionals.join();
const known =
  task === 'table' ? dataset === 'digits' || dataset === 'cifar10' : ['good', 'mnist', 'maxima', ''].includes(task);
if (
  !known ||
  methods.length === 0 ||
  ![attacked, images, seconds].every((count) => Number.isInteger(count) && count > 0)
) {
  console.error(USAGE);
  process.exit(2);
}
await useWasm();
if (dataset === 'digits' || dataset === 'cifar10') await table({ dataset, attacked, data, models, output });
else if (task === 'good') await good(output);
else if (task === 'mnist') await mnist({ data, output, methods });
else if (task === 'maxima') await maxima({ output, images, seconds });
else await moons();
