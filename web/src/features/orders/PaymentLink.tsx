import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { Button, buttonLook } from "../../ui/Button";
import { CopyField } from "../../ui/CopyField";
import { Field } from "../../ui/Field";
import { useFormat } from "../../ui/format";
import { Go } from "../../ui/Go";
import { Said } from "../../ui/Said";
import { Select } from "../../ui/Select";
import { t } from "../../ui/words/words";
import type { OrderDetail } from "../../wire/api";

type Payment = NonNullable<OrderDetail["payment"]>;

/** The link by which a buyer pays, as it stands; absent while there was none. */
export function PaymentLink({ link }: { link: NonNullable<Payment["link"]> }) {
  const format = useFormat();
  const until = format.dateTime(link.until);
  return (
    <div className="mt-3 flex flex-col gap-2" data-c="payment-link" data-state={link.state}>
      {link.state === "open" ? (
        <CopyField title={t.direct.link} hint={t.direct.linkOpen(until)} value={link.url} />
      ) : (
        <p className={`text-[13px] ${link.state === "refused" ? "text-crit" : "text-fg-2"}`}>{link.sentence || t.direct.linkStates[link.state]}</p>
      )}
      {link.state === "expired" && (
        <Go href="/orders" className={`${buttonLook()} self-start`}>
          {t.direct.again}
        </Go>
      )}
    </div>
  );
}

const hours = ["1", "3", "12", "23"] as const;

/** Has a link made, in place of any before it. */
export function SendLink({ order, again }: { order: string; again: boolean }) {
  const [open, setOpen] = useState<(typeof hours)[number]>("23");
  const [page, setPage] = useState("");
  const [wrong, setWrong] = useState(false);
  const { state, run } = useCommand("send-payment-link");
  const send = (event: FormEvent): void => {
    event.preventDefault();
    const bad = page.trim() !== "" && !page.trim().startsWith("https://");
    setWrong(bad);
    if (!bad) void run({ order, link_hours: Number(open), ...(page.trim() !== "" && { link_return: page.trim() }) });
  };
  return (
    <form onSubmit={send} noValidate className="mt-3 flex flex-col gap-2" data-c="send-payment-link">
      <div className="grid grid-cols-1 gap-2 sm:grid-cols-[1fr_2fr]">
        <Select label={t.direct.linkHours} value={open} options={hours.map((n) => [n, t.direct.linkHour(Number(n))])} choose={setOpen} />
        <Field label={t.direct.linkPage} hint={t.direct.linkPageHint} value={page} onChange={(event) => setPage(event.target.value)} autoComplete="off" spellCheck={false} error={wrong ? t.direct.linkPageBad : undefined} />
      </div>
      <Button type="submit" busy={state.kind === "sending"} className="self-start">
        {again ? t.direct.linkAgain : t.direct.linkSend}
      </Button>
      <Said state={state} done={t.direct.linkAsked} roomy={false} />
    </form>
  );
}
