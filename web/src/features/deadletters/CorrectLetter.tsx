import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useCommand } from "../../sync/command";
import { read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { cx } from "../../ui/cx";
import { inputShape } from "../../ui/Field";
import { readable } from "../../ui/json";
import { Rows } from "../../ui/Rows";
import { Said } from "../../ui/Said";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { DeadLetter } from "../../wire/api";
import { asProblem } from "../../wire/problem";

/** The webhook as it was received, to be corrected and taken in. What was received stays as it came. */
export function CorrectLetter({ letter, reason, close }: { letter: DeadLetter; reason: string; close: () => void }) {
  const id = useId();
  const [text, setText] = useState<string | undefined>(undefined);
  const [tried, setTried] = useState(false);
  const { state, run } = useCommand("correct-deadletter");
  const found = useQuery({
    queryKey: ["inbox", String(letter.inbox)],
    queryFn: ({ signal }) => read("/api/v1/inbox/{number}", { path: { number: letter.inbox } }, signal),
  });
  if (found.error) return <Trouble problem={asProblem(found.error)} kept={false} retry={() => void found.refetch()} />;
  if (found.data === undefined) return <Rows count={3} />;
  const received = readable(found.data.body);
  const body = text ?? received;
  const bad = !isJson(body);
  const same = body === received;

  const submit = (): void => {
    setTried(true);
    // between its texts JSON may have spaces for line ends; numbers stay as they were typed
    if (!bad && !same) void run({ id: letter.id, body: body.replace(/[\n\r\t]+/g, " "), reason });
  };
  return (
    <div className="mt-3 flex flex-col gap-2" data-c="correct">
      <label htmlFor={id} className="text-[13px] text-fg-2">
        {t.deadletters.received}
      </label>
      <textarea
        id={id}
        rows={10}
        spellCheck={false}
        value={body}
        onChange={(event) => setText(event.target.value)}
        aria-invalid={(tried && bad) || undefined}
        aria-describedby={`${id}-note`}
        className={cx(inputShape, "py-2 font-mono text-[12px]", tried && bad && "border-crit-line")}
      />
      <p id={`${id}-note`} className={cx("text-[12px]", tried && (bad || same) ? "text-crit" : "text-fg-3")}>
        {tried && bad ? t.deadletters.noJson : tried && same ? t.deadletters.sameBody : t.deadletters.correctWhy}
      </p>
      <div className="flex flex-wrap gap-2">
        <Button tone="primary" busy={state.kind === "sending"} onClick={submit}>
          {t.deadletters.correctDo}
        </Button>
        <Button onClick={close}>{t.deadletters.correctDrop}</Button>
      </div>
      <Said state={state} done={t.deadletters.corrected} roomy={false} />
    </div>
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
