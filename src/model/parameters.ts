import type { Shape } from "../util/tensor.ts";
import type { Linear, Norm, Parameter, Parts } from "./layers.ts";

/** Declares the weights of a linear layer; out and in as Hugging Face stores them, W [out,in]. */
export function linearAt(
  path: string,
  out: number,
  inn: number,
  { bias = false, parts }: { readonly bias?: boolean; readonly parts?: Parts | undefined } = {},
): Linear<Parameter> {
  const w = { ...parameterAt(`${path}.weight`, [out, inn]), ...(parts && { parts }) };
  return bias ? { path, w, bias: parameterAt(`${path}.bias`, [out]) } : { path, w };
}

export function normAt(path: string, width: number): Norm<Parameter> {
  return { w: parameterAt(`${path}.weight`, [width]), b: parameterAt(`${path}.bias`, [width]) };
}

export function parameterAt(name: string, shape: Shape): Parameter {
  return { name, shape };
}
