import { useQuery } from "@tanstack/react-query";
import { Stethoscope } from "lucide-react";
import type { ReactNode } from "react";
import { read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { Mark } from "../../ui/Mark";
import { Trouble } from "../../ui/Trouble";
import { t, wordOf } from "../../ui/words/words";
import { asProblem } from "../../wire/problem";

const marks = { green: "ok", red: "failing", grey: "skipped" };

/** Examines a connection when asked, and says of each thing whether it is right and what mends it. Children stand beside the button. */
export function Doctor({ connection, children }: { connection: string; children: ReactNode }) {
  const { data: session } = useQuery({ queryKey: ["session"], queryFn: ({ signal }) => read("/api/v1/session", {}, signal) });
  const may = session !== undefined && session.role !== "viewer";
  // what was found last stays while it is looked at again, and is forgotten with the screen
  const looked = useQuery({
    queryKey: ["doctor", connection],
    queryFn: ({ signal }) => read("/api/v1/connections/{id}/doctor", { path: { id: connection } }, signal),
    enabled: false,
    gcTime: 0,
  });
  const examine = (): void => void looked.refetch();
  const checks = looked.data?.checks ?? [];
  const checked = checks.filter(({ state }) => state !== "grey").length;
  const wrong = checks.filter(({ state }) => state === "red").length;
  return (
    <div className="mt-3" data-c="doctor">
      <div className="flex flex-wrap gap-2">
        {may && (
          <Button tone={looked.data ? "plain" : "primary"} busy={looked.isFetching} onClick={examine}>
            <Stethoscope className="size-4" aria-hidden="true" />
            {looked.data || looked.error ? t.channels.examineAgain : t.channels.examine}
          </Button>
        )}
        {children}
      </div>
      {session && !may && <p className="mt-2 text-[13px] text-fg-3">{t.channels.mayNotExamine}</p>}
      <p role="status" className="mt-2 text-[13px] text-fg-3 empty:hidden">
        {looked.isFetching ? t.channels.examining : looked.data && (wrong > 0 ? t.channels.sick(wrong) : checked === 0 ? t.channels.unseen : checked < checks.length ? t.channels.partly(checks.length - checked) : t.channels.healthy)}
      </p>
      {looked.error && <Trouble problem={asProblem(looked.error)} kept={looked.data !== undefined} retry={examine} />}
      {checks.length > 0 && (
        <ul className="mt-2 flex flex-col">
          {checks.map(({ name, state, found, mend }) => (
            <li key={name} className="grid grid-cols-[1fr_auto] gap-x-3 border-b border-line py-2 text-[13px] last:border-0" data-check={name}>
              <span className="font-medium">{wordOf(t.channels.checks, name)}</span>
              <Mark state={marks[state]} word={t.channels.checkState[state]} />
              <span className="col-span-2 text-fg-2 [overflow-wrap:anywhere]">{found}</span>
              {mend !== "" && <span className="col-span-2 text-warn [overflow-wrap:anywhere]">{mend}</span>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
