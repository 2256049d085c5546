import { sumOfSquares, type Tableau } from './tableau';

/** An affine function of variables. */
export interface AffineForm {
  /** One factor for each variable, by its number. */
  readonly factors: Float64Array;
  readonly constant: number;
}

/** How {@link Dictionary.descend} ended. */
export type Ending = 'optimal' | 'infeasible' | 'below' | 'unfinished';

/** Numbers below these count as zero: of a pivot, of how far a variable is out of its bounds, of a reduced cost. */
const [PIVOT, OUTSIDE, COST] = [1e-9, 1e-9, 1e-12];

/**
 * A linear program on bounded variables, maximised by the dual simplex method: some variables are basic, affine functions of the others,
 * each of which is at one of its bounds.
 *
 * With every nonbasic variable at the bound that its reduced cost favours, the value of the objective is an upper bound on the
 * maximum, whatever the basic variables are; each step lowers it. So bounds may be changed and rows added at any time, and the
 * work goes on from where it was. Steps are chosen by the steepest edge, and variables that a step passes are moved to
 * their other bound (the long-step rule).
 */
export class Dictionary {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  private readonly constants: Float64Array;
  private readonly values: Float64Array;
  /** 1 + the squared length of each row. */
  private readonly edges: Float64Array;
  private readonly basic: Int32Array;
  private readonly nonbasic: Int32Array;
  /** By variable, its row, or -1 - its column. */
  private readonly place: Int32Array;
  private readonly costs: Float64Array;
  private readonly atUpper: Uint8Array;
  /** Columns that may enter, and where their reduced costs change sign. */
  private readonly candidates: Int32Array;
  private readonly ratios: Float64Array;
  private cost = 0;
  private rows = 0;
  private columns = 0;
  private variables = 0;

  /**
   * Room for so many columns and rows at the most.
   *
   * @param tableau - Row i says: variable `basic[i]` = `constants[i]` + sum over columns j of entry j times variable `nonbasic[j]`.
   */
  constructor(
    width: number,
    private readonly height: number,
    readonly tableau: Tableau,
  ) {
    for (const numbers of [tableau.entries, tableau.vector]) numbers.fill(0);
    const total = width + height;
    [this.lower, this.upper] = [new Float64Array(total), new Float64Array(total)];
    [this.constants, this.values] = [new Float64Array(height), new Float64Array(height)];
    this.edges = new Float64Array(height);
    [this.basic, this.nonbasic] = [new Int32Array(height), new Int32Array(width)];
    this.place = new Int32Array(total);
    this.costs = new Float64Array(width);
    this.atUpper = new Uint8Array(width);
    [this.candidates, this.ratios] = [new Int32Array(width), new Float64Array(width)];
  }

  /** The same program with room for so many columns and rows. */
  copy(width: number, height: number, tableau: Tableau): Dictionary {
    const copy = new Dictionary(width, height, tableau);
    for (let i = 0; i < this.rows; i++) tableau.entries.set(this.row(i).subarray(0, this.columns), i * tableau.width);
    for (const key of ['lower', 'upper', 'constants', 'edges', 'basic', 'nonbasic', 'place', 'costs'] as const)
      copy[key].set(this[key].subarray(0, Math.min(this[key].length, copy[key].length)));
    copy.atUpper.set(this.atUpper.subarray(0, this.columns));
    [copy.cost, copy.rows, copy.columns, copy.variables] = [this.cost, this.rows, this.columns, this.variables];
    return copy;
  }

  /** A new variable that is free between two bounds; returns its number. */
  addVariable(lower: number, upper: number): number {
    const [variable, column] = [this.variables++, this.columns++];
    this.nonbasic[column] = variable;
    this.place[variable] = -1 - column;
    [this.lower[variable], this.upper[variable]] = [lower, upper];
    return variable;
  }

  /** A new variable between two bounds that equals a function of those before it; returns its number. */
  addRow(form: AffineForm, lower: number, upper: number): number {
    const [variable, row] = [this.variables++, this.rows++];
    [this.basic[row], this.place[variable]] = [variable, row];
    [this.lower[variable], this.upper[variable]] = [lower, upper];
    const target = this.row(row).fill(0);
    this.constants[row] = this.express(form, target);
    this.edges[row] = 1 + sumOfSquares(target);
    return variable;
  }

  /** Sets what is to be maximised. */
  setObjective(form: AffineForm): void {
    this.cost = this.express(form, this.costs.fill(0));
  }

  /** Makes a nonbasic variable basic instead of one that stays at its lower bound from now on. */
  exchange(basic: number, nonbasic: number): void {
    this.settle();
    this.pivot(this.place[basic]!, -1 - this.place[nonbasic]!, 1);
  }

  private row(i: number): Float64Array {
    const { entries, width } = this.tableau;
    return entries.subarray(i * width, (i + 1) * width);
  }

  /** How many rows more there is room for. */
  get room(): number {
    return this.height - this.rows;
  }

  /** Writes a function in terms of the nonbasic variables into `target`, and returns its constant. */
  private express({ factors, constant }: AffineForm, target: Float64Array): number {
    const { entries, width } = this.tableau;
    let sum = constant;
    for (let variable = 0; variable < factors.length; variable++) {
      const [factor, place] = [factors[variable]!, this.place[variable]!];
      if (factor === 0) continue;
      if (place < 0) target[-1 - place]! += factor;
      else {
        sum += factor * this.constants[place]!;
        const from = place * width;
        for (let j = 0; j < this.columns; j++) target[j]! += factor * entries[from + j]!;
      }
    }
    return sum;
  }

  private valueOf(column: number): number {
    return (this.atUpper[column] === 1 ? this.upper : this.lower)[this.nonbasic[column]!]!;
  }

  /** Puts nonbasic variables where their reduced costs favour them, and computes all others. */
  private settle(): number {
    const { constants, values, tableau } = this;
    const { vector: at, sums } = tableau;
    let objective = this.cost;
    for (let j = 0; j < this.columns; j++) {
      const variable = this.nonbasic[j]!;
      this.atUpper[j] = this.costs[j]! > 0 && this.upper[variable]! < Number.POSITIVE_INFINITY ? 1 : 0;
      at[j] = this.valueOf(j);
      objective += this.costs[j]! * at[j]!;
    }
    tableau.multiply(this.rows);
    for (let i = 0; i < this.rows; i++) values[i] = constants[i]! + sums[2 * i]! + sums[2 * i + 1]!;
    return objective;
  }

  /** The value of the objective, an upper bound on its maximum up to rounding. */
  objective = Number.POSITIVE_INFINITY;

  /** The row that proves that there is no feasible point, and the direction of its variable: set by an 'infeasible' ending. */
  private contradiction = { row: -1, direction: 0 };

  /** Lowers the objective to its maximum, or until it is below `floor` or so many steps are done. */
  descend(floor: number, steps: number): Ending {
    this.objective = this.settle();
    this.contradiction.row = -1;
    for (let step = 0; step < steps; step++) {
      if (this.objective < floor) return 'below';
      const row = this.leaving();
      if (row < 0) return 'optimal';
      const variable = this.basic[row]!;
      const direction = this.values[row]! < this.lower[variable]! ? 1 : -1;
      const column = this.entering(row, direction);
      if (column < 0) {
        this.contradiction = { row, direction };
        return 'infeasible';
      }
      this.pivot(row, column, direction);
    }
    return 'unfinished';
  }

  /** The row whose variable is farthest out of its bounds, measured along the edge; -1 if none is. */
  private leaving(): number {
    let [best, farthest] = [-1, 0];
    for (let i = 0; i < this.rows; i++) {
      const variable = this.basic[i]!;
      const value = this.values[i]!;
      const outside = Math.max(this.lower[variable]! - value, value - this.upper[variable]!);
      if (outside <= OUTSIDE * (1 + Math.abs(value))) continue;
      const share = (outside * outside) / this.edges[i]!;
      if (share > farthest) [best, farthest] = [i, share];
    }
    return best;
  }

  /**
   * The column that enters for a row: of those that can bring its variable back, in the order in which their reduced costs would
   * change sign, the first that cannot be passed. What is passed is moved to its other bound. -1 if all of them together cannot.
   */
  private entering(row: number, direction: number): number {
    const { columns, nonbasic, costs, lower, upper, atUpper, candidates, ratios } = this;
    const entries = this.row(row);
    const variable = this.basic[row]!;
    let missing = direction > 0 ? lower[variable]! - this.values[row]! : this.values[row]! - upper[variable]!;
    let count = 0;
    for (let j = 0; j < columns; j++) {
      const slope = direction * entries[j]!;
      if (Math.abs(slope) < PIVOT || (atUpper[j] === 1 ? slope > 0 : slope < 0)) continue;
      const candidate = nonbasic[j]!;
      if (lower[candidate] === upper[candidate]) continue;
      candidates[count] = j;
      ratios[count++] = Math.abs(costs[j]!) / Math.abs(slope);
    }
    const passed: number[] = [];
    for (;;) {
      let [best, least, largest] = [-1, Number.POSITIVE_INFINITY, 0];
      for (let c = 0; c < count; c++) {
        const [ratio, slope] = [ratios[c]!, Math.abs(entries[candidates[c]!]!)];
        if (ratio < least - COST || (ratio <= least + COST && slope > largest))
          [best, least, largest] = [c, Math.min(ratio, least), slope];
      }
      if (best < 0) return -1;
      const column = candidates[best]!;
      const range = upper[nonbasic[column]!]! - lower[nonbasic[column]!]!;
      if (missing - largest * range <= 0) {
        for (const j of passed) this.flip(j);
        return column;
      }
      missing -= largest * range;
      passed.push(column);
      count--;
      [candidates[best], ratios[best]] = [candidates[count]!, ratios[count]!];
    }
  }

  private flip(column: number): void {
    const before = this.valueOf(column);
    this.atUpper[column] = 1 - this.atUpper[column]!;
    const change = this.valueOf(column) - before;
    this.objective += this.costs[column]! * change;
    const { entries, width } = this.tableau;
    for (let i = 0; i < this.rows; i++) this.values[i]! += entries[i * width + column]! * change;
  }

  private pivot(row: number, column: number, direction: number): void {
    const { columns, constants, values, edges, costs, tableau } = this;
    const { entries, width, factors, rows, sums } = tableau;
    const [leaver, enterer] = [this.basic[row]!, this.nonbasic[column]!];
    const target = (direction > 0 ? this.lower : this.upper)[leaver]!;
    const own = this.row(row);
    const inverse = 1 / own[column]!;
    const change = (target - values[row]!) * inverse;
    const enters = this.valueOf(column) + change;
    this.objective += costs[column]! * change;
    for (let j = 0; j < columns; j++) own[j]! *= -inverse;
    own[column] = inverse;
    constants[row]! *= -inverse;
    edges[row] = 1 + sumOfSquares(own);
    let count = 0;
    for (let i = 0; i < this.rows; i++) {
      const factor = entries[i * width + column]!;
      if (i === row || factor === 0) continue;
      entries[i * width + column] = 0;
      values[i]! += factor * change;
      constants[i]! += factor * constants[row]!;
      factors[count] = factor;
      rows[count++] = i;
    }
    tableau.addRow(row, count);
    for (let n = 0; n < count; n++) edges[rows[n]!] = 1 + sums[2 * n]! + sums[2 * n + 1]!;
    const cost = costs[column]!;
    costs[column] = 0;
    for (let j = 0; j < columns; j++) costs[j]! += cost * own[j]!;
    this.cost += cost * constants[row]!;
    values[row] = enters;
    [this.basic[row], this.nonbasic[column]] = [enterer, leaver];
    [this.place[enterer], this.place[leaver]] = [row, -1 - column];
    this.atUpper[column] = direction > 0 ? 0 : 1;
  }

  /** The values of all variables. */
  point(): Float64Array {
    return Float64Array.from({ length: this.variables }, (_, variable) => {
      const place = this.place[variable]!;
      return place < 0 ? this.valueOf(-1 - place) : this.values[place]!;
    });
  }

  /**
   * Factors of all variables in a function that equals the objective wherever the rows hold. Where these contradict the bounds, they
   * are chosen so that the largest value of the function within the bounds is near `floor` or below it.
   */
  reducedCosts(floor: number): Float64Array {
    const factors = new Float64Array(this.variables);
    for (let j = 0; j < this.columns; j++) factors[this.nonbasic[j]!] = this.costs[j]!;
    const { row, direction } = this.contradiction;
    if (row < 0 || !(this.objective > floor)) return factors;
    const variable = this.basic[row]!;
    let reach = this.constants[row]!;
    const entries = this.row(row);
    for (let j = 0; j < this.columns; j++) {
      const slope = entries[j]!;
      const other = this.nonbasic[j]!;
      const end = direction * slope > 0 ? this.upper[other]! : this.lower[other]!;
      // A variable without a bound can only have a slope that is zero but for rounding.
      if (Number.isFinite(end)) reach += slope * end;
    }
    const missing = direction > 0 ? this.lower[variable]! - reach : reach - this.upper[variable]!;
    if (!(missing > 0)) return factors;
    const share = (this.objective - floor + 1) / missing;
    for (let j = 0; j < this.columns; j++) factors[this.nonbasic[j]!]! += direction * share * entries[j]!;
    factors[variable]! -= direction * share;
    return factors;
  }
}
