import { useState, type FormEvent } from "react";
import type { CommandState } from "../wire/commands";
import { Button } from "./Button";
import { Field } from "./Field";
import { Said } from "./Said";

interface SkuFormProps {
  label: string;
  /** What stands there at first. */
  proposed: string;
  /** What the button does, and how much it is the thing to do here. */
  does: string;
  tone: "primary" | "plain";
  state: CommandState;
  done: string;
  choose: (sku: string) => void;
}

/** Says which of our SKUs is meant. */
export function SkuForm({ label, proposed, does, tone, state, done, choose }: SkuFormProps) {
  const [sku, setSku] = useState(proposed);
  const wanted = sku.trim().normalize("NFC");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (wanted !== "") choose(wanted);
  };
  return (
    <form onSubmit={submit} className="mt-2 flex flex-wrap items-end gap-2">
      <Field label={label} value={sku} onChange={(event) => setSku(event.target.value)} maxLength={100} required autoComplete="off" spellCheck={false} className="flex-1 basis-48" />
      <Button type="submit" tone={tone} busy={state.kind === "sending"} disabled={wanted === ""}>
        {does}
      </Button>
      <div className="basis-full">
        <Said state={state} done={done} roomy={false} />
      </div>
    </form>
  );
}
