import type { Format } from "../../ui/format";
import { t } from "../../ui/words/words";
import type { Connections } from "../../wire/api";

export type Consistency = NonNullable<Connections["consistency"]>;

/** 100 is said of nothing less: shares are cut, not rounded. */
function share(percent: number | null, format: Format): string {
  return percent === null ? t.channels.uncompared : format.percent(Math.floor(percent * 10) / 10);
}

/** Whether something that is shown is not what the log says, and the figures in words. */
export function agreement({ inside, with_channels }: Consistency, format: Format): { alarming: boolean; figures: string } {
  return {
    alarming: inside.differing > 0,
    figures: t.channels.agreement(share(inside.percent, format), format.count(inside.compared), share(with_channels.percent, format)),
  };
}
