import { Field } from "../../ui/Field";
import { Select } from "../../ui/Select";
import { t } from "../../ui/words/words";
import type { AnswerOf } from "../../wire/client";

/** A channel as the server describes it, and one thing that connecting a shop on it must know. */
export type Channel = AnswerOf<"get", "/api/v1/channels">["channels"][number];
export type Asked = Channel["key"];

interface GivenProps {
  fields: readonly Asked[];
  values: Readonly<Record<string, string>>;
  /** What is wrong with a field, by its name. */
  wrong: Readonly<Record<string, string>>;
  set: (name: string, value: string) => void;
}

/** Fields that a channel asks for, labelled in its words. */
export function Given({ fields, values, wrong, set }: GivenProps) {
  return fields.map(({ name, label, help, secret, question, optional }) =>
    question ? (
      <Select
        key={name}
        label={label}
        value={values[name] ?? ""}
        options={[
          ["", t.channels.no],
          ["yes", t.channels.yes],
        ]}
        choose={(value) => set(name, value)}
      />
    ) : (
      <Field
        key={name}
        label={optional ? t.channels.optional(label) : label}
        hint={help}
        type={secret ? "password" : "text"}
        value={values[name] ?? ""}
        onChange={(event) => set(name, event.target.value)}
        error={wrong[name]}
        autoComplete="off"
        spellCheck={false}
        maxLength={2000}
        required={!optional}
      />
    ),
  );
}

/** What is missing of the fields that are needed. */
export function missing(fields: readonly Asked[], values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(fields.filter(({ name, optional }) => !optional && (values[name] ?? "").trim() === "").map(({ name }) => [name, t.channels.missing]));
}

/** The values that were filled in, without the space around them. */
export function filled(fields: readonly Asked[], values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(fields.map(({ name }) => [name, (values[name] ?? "").trim()]).filter(([, value]) => value !== ""));
}
