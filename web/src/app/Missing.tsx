import { Link } from "@tanstack/react-router";
import { buttonLook } from "../ui/Button";
import { useTitle } from "../ui/title";
import { t } from "../ui/words/first";

/** An address that leads nowhere. */
export function Missing() {
  useTitle(t.trouble.missingTitle);
  return (
    <div className="flex flex-col items-start gap-2">
      <h1 className="text-[20px] leading-tight font-bold tracking-tight md:text-[24px]">{t.trouble.missingTitle}</h1>
      <p className="text-fg-3">{t.trouble.missingLead}</p>
      <Link to="/" className={`${buttonLook("primary")} mt-2`}>
        {t.trouble.home}
      </Link>
    </div>
  );
}
