import { Link } from "@tanstack/react-router";
import { buttonLook } from "../ui/Button";
import { t } from "../ui/words/words";

/** An address that leads nowhere. */
export function Missing() {
  return (
    <main className="mx-auto flex max-w-md flex-col items-start gap-2 py-16">
      <h1 className="text-[20px] font-bold">{t.trouble.missingTitle}</h1>
      <p className="text-fg-3">{t.trouble.missingLead}</p>
      <Link to="/" className={`${buttonLook("primary")} mt-2`}>
        {t.trouble.home}
      </Link>
    </main>
  );
}
