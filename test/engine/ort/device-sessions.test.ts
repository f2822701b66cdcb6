import { expect, test } from "vitest";
import { deviceSessions, type Session } from "../../../src/engine/ort/device-sessions.ts";
import { createSession } from "../../../src/engine/ort/session.ts";
import { fromOrt, mapValues, toOrt } from "../../../src/engine/ort/tensors.ts";
import { makeGraph } from "../../../src/graph/graph.ts";
import { cast, input, matmul } from "../../../src/graph/ops/index.ts";
import { tensor } from "../../../src/util/tensor.ts";

/** A device with room for so many sessions; what it did, in order. */
function device(room: number) {
  const open = new Set<string>();
  const log: string[] = [];
  const create =
    (name: string, makesRun = async () => {}) =>
    async (): Promise<Session> => {
      if (open.size >= room) throw new Error("CUDA failure 2: out of memory ; GPU=0");
      open.add(name);
      log.push(`+${name}`);
      return {
        async run() {
          await makesRun();
          log.push(name);
          return {};
        },
        async release() {
          open.delete(name);
          log.push(`-${name}`);
        },
      };
    };
  return { open, log, create };
}

test("sessions stay while they fit, the one that ran longest ago makes room, and is made again when it is to run", async () => {
  const { log, create } = device(2);
  const sessions = deviceSessions();
  const a = await sessions.open(create("a"));
  const b = await sessions.open(create("b"));
  await a.run({}, {});
  const c = await sessions.open(create("c"));
  await b.run({}, {});
  await c.run({}, {});
  await b.run({}, {});
  expect(log).toEqual(["+a", "+b", "a", "-b", "+c", "-a", "+b", "b", "c", "b"]);
});

test("a run that finds no room closes the others and is tried again", async () => {
  const { log, create } = device(3);
  const sessions = deviceSessions();
  await sessions.open(create("a"));
  let failures = 1;
  const hungry = await sessions.open(
    create("b", async () => {
      if (failures-- > 0) throw new Error("Failed to allocate memory for requested buffer of size 4096");
    }),
  );
  await hungry.run({}, {});
  expect(log).toEqual(["+a", "+b", "-a", "b"]);
});

test("a session that is running is not closed for another", async () => {
  const { log, create } = device(1);
  const sessions = deviceSessions();
  let finish = () => {};
  const a = await sessions.open(create("a", () => new Promise<void>((resolve) => (finish = resolve))));
  const running = a.run({}, {});
  await expect(sessions.open(create("b"))).rejects.toThrow("the device is out of memory: CUDA failure 2");
  finish();
  await running;
  await sessions.open(create("b"));
  expect(log).toEqual(["+a", "a", "-a", "+b"]);
});

test("two that are made at once and find no room do not wait for each other to make some", async () => {
  const { create } = device(0);
  const sessions = deviceSessions();
  const slow = (name: string) => async () => {
    await new Promise(setImmediate);
    return create(name)();
  };
  const results = await Promise.allSettled([sessions.open(slow("a")), sessions.open(slow("b"))]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
});

test("what fails for another reason is said as it is, and may be tried again", async () => {
  const { create } = device(1);
  const sessions = deviceSessions();
  let failures = 1;
  const make = create("a");
  const flawed = async () => (failures-- > 0 ? Promise.reject(new Error("no kernel image")) : make());
  await expect(sessions.open(flawed)).rejects.toThrow(/^no kernel image$/);
  await (await sessions.open(flawed)).run({}, {});
});

test.each(Array.from({ length: 12 }, (_, turns) => turns))(
  "a run that comes while its session is being closed, %i turns later, gets another",
  async (turns) => {
    const released = new Set<Session>();
    let failures = 0;
    const create = async (): Promise<Session> => {
      if (failures-- > 0) throw new Error("CUDA failure 2: out of memory ; GPU=0");
      const session: Session = {
        async run() {
          for (let turn = 0; turn < 9; turn++) await Promise.resolve();
          if (released.has(session)) throw new Error("the session is gone");
          return {};
        },
        release: async () => void released.add(session),
      };
      return session;
    };
    const sessions = deviceSessions();
    const a = await sessions.open(create);
    failures = 1;
    const opening = sessions.open(create).catch(() => {}); // may find no room, where the other is running already
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    expect(await a.run({}, {})).toEqual({});
    await opening;
  },
);

test("a released session leaves the device, closed before or not", async () => {
  const { open, create } = device(1);
  const sessions = deviceSessions();
  const a = await sessions.open(create("a"));
  const b = await sessions.open(create("b"));
  await a.release();
  await b.release();
  expect([...open]).toEqual([]);
});

test("weights that a session holds give what weights that are fed give", async () => {
  const [x, w] = [tensor("f32", [1, 2], Float32Array.of(1, 10)), tensor("f16", [2, 1], Uint16Array.of(0x3c00, 0x4000))];
  const y = matmul(input("x", "f32", [1, 2]), cast(input("w", "f16", [2, 1]), "f32"));
  const session = await createSession(makeGraph({ y }), ["cpu"], {}, { w });
  expect(session.inputNames).toEqual(["x"]);
  const outputs = mapValues(await session.run(mapValues({ x }, toOrt)), fromOrt);
  expect(Array.from(outputs.y!.data as Float32Array)).toEqual([21]);
  await session.release();
});
