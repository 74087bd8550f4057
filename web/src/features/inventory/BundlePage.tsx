import { Link } from "@tanstack/react-router";
import { Card } from "../../ui/Card";
import { PageHead } from "../../ui/PageHead";
import { t } from "../../ui/words/words";
import { BundleForm } from "./BundleForm";

/** A new bundle: a SKU that is sold as one thing and is made of others. */
export function BundlePage() {
  return (
    <>
      <PageHead
        title={t.bundle.newTitle}
        back={
          <Link to="/inventory" search={{}} className="inline-flex min-h-6 items-center text-accent hover:underline max-md:min-h-11">
            {t.inventory.back}
          </Link>
        }
        lead={t.bundle.lead}
      />
      <Card title={t.bundle.madeOf} name="bundle-new">
        <BundleForm />
      </Card>
    </>
  );
}
