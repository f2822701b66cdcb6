import type * as ort from "onnxruntime-node";
import { AmlcError } from "../../util/errors.ts";
import { isOutOfMemory, OUT_OF_MEMORY_HINT } from "../out-of-memory.ts";

/** What a program needs of onnxruntime's session. */
export interface Session {
  run(feeds: ort.InferenceSession.FeedsType, fetches: ort.InferenceSession.FetchesType): Promise<Outputs>;
  release(): Promise<void>;
}
type Outputs = ort.InferenceSession.ReturnType;

/** A program's place on the device, where its session is or is not. */
interface Place {
  readonly create: () => Promise<Session>;
  session: Promise<Session> | undefined;
  /** How much is being done with it: made, or run. */
  uses: number;
}

export interface DeviceSessions {
  /**
   * Makes a session; one that runs later may close it for its room, and then it is made again when it is to run.
   * @throws AmlcError when the device has no room for it alone
   */
  open(create: () => Promise<Session>): Promise<Session>;
}

/**
 * Sessions each of which has a copy of its weights on the device, as many as fit. No one knows beforehand how many do; when
 * there is no room for what is to be done, the session that ran longest ago is closed, and it is tried again.
 */
export function deviceSessions(): DeviceSessions {
  const present = new Set<Place>(); // what ran longest ago comes first

  async function close(place: Place): Promise<void> {
    present.delete(place);
    const { session } = place;
    place.session = undefined; // before anything is waited for: who comes meanwhile makes one of its own
    await (await session)?.release();
  }

  async function withRoom<T>(mine: Place, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (cause) {
        if (!isOutOfMemory(cause)) throw cause;
        const idle = [...present].find((place) => place !== mine && place.uses === 0);
        if (!idle) {
          const message = `the device is out of memory: ${(cause as Error).message}`;
          throw new AmlcError(message, { hint: OUT_OF_MEMORY_HINT, cause });
        }
        await close(idle);
      }
    }
  }

  async function enter(place: Place): Promise<Session> {
    present.delete(place);
    present.add(place);
    place.session ??= withRoom(place, place.create);
    try {
      return await place.session;
    } catch (error) {
      present.delete(place);
      place.session = undefined;
      throw error;
    }
  }

  async function use<T>(place: Place, work: (session: Session) => Promise<T>): Promise<T> {
    place.uses++;
    try {
      return await work(await enter(place));
    } finally {
      place.uses--;
    }
  }

  return {
    async open(create) {
      const place: Place = { create, session: undefined, uses: 0 };
      await use(place, async () => {});
      return {
        run: (feeds, fetches) => use(place, (session) => withRoom(place, () => session.run(feeds, fetches))),
        release: () => close(place),
      };
    },
  };
}
