/** What a report comes down to. */
export interface ReportVerdict {
  /**
   * Shown as a word, a sign and a colour; 'none' where too much could not be measured to tell, 'comparison' where models are
   * held against each other and none is judged by itself.
   */
  readonly level: 'good' | 'warning' | 'bad' | 'none' | 'comparison';
  /** The verdict in a sentence. */
  readonly text: string;
}

/** A picture of a report: exactly one of `svg` and `png`. */
export interface ReportPicture {
  /** A standalone SVG file, such as the plots of this room return. */
  readonly svg?: string;
  /** The bytes of a PNG file, such as `imageGrid` returns. */
  readonly png?: Uint8Array;
  /** What it shows, for those who cannot see it. */
  readonly alt: string;
  /** Text below it. @defaultValue none */
  readonly caption?: string;
}

/** A table of a report. */
export interface ReportTable {
  /** Heads of the columns. */
  readonly columns: readonly string[];
  /** One entry per column; the first names the row. Numbers stand to the right, `null` is shown as a dash. */
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** A part of a report with a heading of its own. */
export interface ReportSection {
  /** Title of the part. */
  readonly heading: string;
  /** Texts, one per paragraph. @defaultValue none */
  readonly paragraphs?: readonly string[];
  /** A table below the texts. @defaultValue none */
  readonly table?: ReportTable;
  /** Pictures below the table. @defaultValue none */
  readonly pictures?: readonly ReportPicture[];
}

/** What a report says besides its tables of numbers. */
export interface OodReportHtmlOptions {
  /** Heading and title of the page. @defaultValue 'Confidence report' */
  readonly title?: string;
  /** Language of the texts passed in, as a BCP 47 tag. @defaultValue 'en' */
  readonly lang?: string;
  /** Shown first. @defaultValue none */
  readonly verdict?: ReportVerdict;
  /** What was looked at and how, by name: backend, seed, command, ... @defaultValue none */
  readonly details?: Readonly<Record<string, string | number>>;
  /** Further parts, in order, after the verdict and the numbers of the reports. @defaultValue none */
  readonly sections?: readonly ReportSection[];
}
