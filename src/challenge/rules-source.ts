/** A unit as the rules' file has it; rules/answers.yaml says what each key means. */
export interface UnitSource {
  readonly quantity: string;
  readonly size: number;
  readonly into?: string | undefined;
  readonly before?: readonly string[] | undefined;
  readonly dot_groups?: boolean | undefined;
  readonly spellings: readonly string[];
}

/** The rules' file. */
export interface AnswerRulesSource {
  readonly units: Readonly<Record<string, UnitSource>>;
  readonly other_units: readonly string[];
  readonly sums: readonly {
    readonly units: readonly string[];
    readonly joined_by: readonly string[];
    readonly bare?: boolean | undefined;
  }[];
  readonly in_sums: Readonly<Record<string, string | null>>;
  readonly ranges: readonly string[];
  readonly alternatives: readonly string[];
  readonly tolerances: readonly string[];
  readonly references: readonly string[];
  readonly times: readonly string[];
  readonly dimensions: readonly { readonly entities: readonly string[]; readonly words: readonly string[] }[];
  readonly noise: readonly string[];
  readonly between: readonly string[];
  readonly per: readonly string[];
  readonly number_words: Readonly<Record<string, number>>;
  readonly fractions: {
    readonly glyphs: Readonly<Record<string, string>>;
    readonly denominators: readonly number[];
    readonly joined_by: readonly string[];
    readonly not_for: readonly string[];
  };
  readonly signed: readonly string[];
  readonly group_marks: readonly string[];
  readonly digits: readonly string[];
  readonly characters: Readonly<Record<string, string>>;
}
