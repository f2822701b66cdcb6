/** A package that another wants. */
export interface Requirement {
  readonly project: string;
  /** As `>=12.5,<13.0`. */
  readonly range: string;
}

/**
 * The CUDA libraries that a wheel of TensorFlow wants, by its METADATA:
 * `Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"`.
 */
export function cudaRequirements(metadata: string): readonly Requirement[] {
  const lines = metadata.matchAll(
    /^Requires-Dist:\s*(nvidia-[\w.-]+?)\s*\(?((?:[<>=!~][^;()]*)?)\)?\s*;\s*extra == ['"]and-cuda['"]\s*$/gm,
  );
  return [...lines].map(([, project, range]) => ({ project, range: range.trim() }));
}

/** Whether a file of NVIDIA's wheels is needed to run: libraries and the assembler of kernels, no headers, no archives. */
export const isCudaFile = (path: string): boolean =>
  /^nvidia\/\w+\/(lib|bin|nvvm)\//.test(path) && !path.endsWith(".a") && !path.endsWith(".py");
