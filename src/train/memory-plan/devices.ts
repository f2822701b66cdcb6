/** What a device can do, by its maker. */
export interface Device {
  readonly label: string;
  /** Half precision products, sums in float32, without sparsity: operations a second. */
  readonly peak: number;
  readonly memory: number;
}

/**
 * As NVIDIA's data sheets have them; GB are 10⁹ bytes. T4: "Mixed-Precision (FP16/FP32) 65 TFLOPS", 16 GB. L4: "FP16 Tensor Core
 * 242 TFLOPS" with sparsity, half of it without, 24 GB. A100: "FP16 Tensor Core 312 TFLOPS", 40 GB (some have 80). H100 SXM: "FP16
 * Tensor Core 1,979 TFLOPS" with sparsity, half of it without, 80 GB. Each adds up in float32 at the same rate.
 */
export const DEVICES = {
  t4: { label: "NVIDIA T4", peak: 65e12, memory: 16e9 },
  l4: { label: "NVIDIA L4", peak: 121e12, memory: 24e9 },
  a100: { label: "NVIDIA A100", peak: 312e12, memory: 40e9 },
  h100: { label: "NVIDIA H100", peak: 989e12, memory: 80e9 },
} as const satisfies Record<string, Device>;

export type DeviceName = keyof typeof DEVICES;

/** Share of a device's published peak that a step is assumed to reach: what onnxruntime reached on an H100 (docs/plan.md). */
export const DEVICE_EFFICIENCY = 0.04;
/** Share of a device's memory that a run may have: the rest is its driver's, and for what no plan knows. */
export const DEVICE_ROOM = 11 / 12;
/** Share of the rate of one large product that a step on a CPU is assumed to reach. */
export const CPU_EFFICIENCY = 0.8;
