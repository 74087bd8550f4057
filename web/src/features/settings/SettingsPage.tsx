import { useQuery } from "@tanstack/react-query";
import { read } from "../../sync/http";
import { Card } from "../../ui/Card";
import { PageHead } from "../../ui/PageHead";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import { asProblem } from "../../wire/problem";
import { AppearanceSection } from "./AppearanceSection";
import { DevicesSection } from "./DevicesSection";
import { KeysSection } from "./KeysSection";
import { LabelSection } from "./LabelSection";
import { LocationsSection } from "./LocationsSection";
import { MentionSection } from "./MentionSection";
import { RiskSection } from "./RiskSection";
import { ShortageSection } from "./ShortageSection";
import { UsersSection } from "./UsersSection";
import { WorkspaceSection } from "./WorkspaceSection";

/** The business, this device, oneself, and for owners everybody else. */
export function SettingsPage() {
  const { data, error, refetch } = useQuery({ queryKey: ["session"], queryFn: ({ signal }) => read("/api/v1/session", {}, signal) });
  const owner = data?.role === "owner";
  return (
    <>
      <PageHead title={t.settings.title} lead={data ? t.settings.lead(data.user, t.settings.roles[data.role].toLowerCase()) : null} />
      {error && (
        <div className="mb-3">
          <Trouble problem={asProblem(error)} kept={data !== undefined} retry={() => void refetch()} />
        </div>
      )}
      <div className="flex max-w-3xl flex-col gap-4">
        <WorkspaceSection role={data?.role} />
        <LocationsSection role={data?.role} />
        <RiskSection role={data?.role} />
        <ShortageSection role={data?.role} />
        {owner && <LabelSection />}
        {owner && <MentionSection />}
        <AppearanceSection />
        <DevicesSection />
        {owner && <UsersSection />}
        {owner && <KeysSection />}
        {data && !owner && <OwnersOnly title={t.settings.users} name="users" />}
        {data && !owner && <OwnersOnly title={t.settings.keys} name="keys" />}
      </div>
    </>
  );
}

/** What is there, and who can. */
function OwnersOnly({ title, name }: { title: string; name: string }) {
  return (
    <Card title={title} name={name}>
      <p className="text-[13px] text-fg-3">{t.settings.ownersOnly}</p>
    </Card>
  );
}
