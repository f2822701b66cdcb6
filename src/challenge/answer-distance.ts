import { UNIT_SIZES } from "./entities.ts";
import { readLabel } from "./label.ts";

/**
 * How far a wrong answer is from the truth, to put the worst first: in powers of ten where both are sizes of one quantity
 * (1 kilogram is 1000 gram), without end for anything else, and least for no answer.
 */
export function answerDistance(prediction: string, truth: string): number {
  if (prediction.trim() === "") return -1;
  const [answered, wanted] = [sizeOf(prediction), sizeOf(truth)];
  if (answered?.quantity !== wanted?.quantity || !answered || !wanted) return Infinity;
  return answered.size > 0 && wanted.size > 0 ? Math.abs(Math.log10(answered.size / wanted.size)) : Infinity;
}

function sizeOf(text: string) {
  const { form, numbers, unit } = readLabel(text);
  const known = UNIT_SIZES.get(unit);
  return form === "official" && known ? { quantity: known.quantity, size: Number(numbers[0]) * known.size } : undefined;
}
