import { Button } from "../../ui/Button";
import { CopyField } from "../../ui/CopyField";
import { t } from "../../ui/words/words";

interface ShownOnceProps {
  title: string;
  hint: string;
  value: string;
  close: () => void;
  name: string;
}

/** A link or key that nobody can read again, until it is put away. */
export function ShownOnce({ title, hint, value, close, name }: ShownOnceProps) {
  return (
    <div className="flex flex-col gap-2 rounded-control border border-accent bg-accent-soft p-3" data-c={name}>
      <CopyField title={title} hint={hint} value={value} focused>
        <Button onClick={close}>{t.settings.gotIt}</Button>
      </CopyField>
    </div>
  );
}
