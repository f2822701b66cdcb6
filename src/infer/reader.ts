/** A question about an image. */
export interface Prompt {
  /** [n,D]: what {@link Reader.look} made of the image. */
  readonly features: Float32Array;
  /** [T]: `<bos> prompt \n`, padded on the right. */
  readonly tokens: Int32Array;
  /** Tokens of the prompt, without padding. */
  readonly length: number;
}

/** A model that looks at images, reads prompts and then goes on a token at a time, whatever runs it. */
export interface Reader {
  /** How many images, or prompts, it takes at once: as many are worth waiting for. */
  readonly together: number;
  /** Pixels [3,S,S] of images → features [n,D] of each. */
  look(images: readonly Float32Array[]): Promise<Float32Array[]>;
  /** Reads prompts of one padded length, to each of which at most `room` tokens will be added. */
  read(prompts: readonly Prompt[], room: number): Promise<Reading>;
}

/** Rows that were read, and what comes next in each. */
export interface Reading {
  /** [R,V]: logits of each row's next token, in the order of the prompts, or of the last {@link next}. */
  readonly logits: Float32Array;
  /**
   * Goes on with rows `sources` of the logits at hand, adding a token to each. A row may go on more than once, with other
   * tokens, and one that is not named is done with.
   */
  next(sources: readonly number[], tokens: readonly number[]): Promise<void>;
}
