// Which days, and whose: one choice for everything on the page, and it stands in the address.
import { Group, SegmentedControl, Select, TextInput } from "@mantine/core";
import { useState } from "react";

import type { GroupsQuery } from "../contract/graphql";
import { insightsMessages } from "./messages";
import { lastDays, type Range } from "./ranges";

type Filter = { from?: string | undefined; to?: string | undefined; group?: string | undefined };
const text = insightsMessages;
const LENGTHS = { thirty: 30, ninety: 90, year: 365 } as const;
type Preset = keyof typeof LENGTHS;

export function Filters(props: {
  range: Range;
  today: string;
  groups: GroupsQuery["groups"]["nodes"];
  group: string | undefined;
  choose: (filter: Filter) => void;
}) {
  const { range, today, groups, group, choose } = props;
  const presets = Object.keys(LENGTHS) as Preset[];
  const preset = presets.find((name) => lastDays(LENGTHS[name], today).from === range.from && range.to === today);
  const [own, setOwn] = useState(preset === undefined);

  return (
    <Group gap="sm" align="flex-end">
      <SegmentedControl
        aria-label={text.ranges.label}
        className="lengths"
        value={own ? "own" : (preset ?? "own")}
        onChange={(chosen) => {
          setOwn(chosen === "own");
          if (chosen !== "own") choose(lastDays(LENGTHS[chosen as Preset], today));
        }}
        data={[...presets, "own" as const].map((name) => ({ value: name, label: text.ranges[name] }))}
      />
      {own && (
        <Group gap="xs" wrap="nowrap">
          <TextInput
            type="date"
            aria-label={text.from}
            value={range.from}
            max={range.to}
            onChange={(event) => event.currentTarget.value && choose({ from: event.currentTarget.value, to: range.to })}
          />
          <TextInput
            type="date"
            aria-label={text.to}
            value={range.to}
            min={range.from}
            max={today}
            onChange={(event) => event.currentTarget.value && choose({ from: range.from, to: event.currentTarget.value })}
          />
        </Group>
      )}
      {groups.length > 0 && (
        <Select
          aria-label={text.group}
          placeholder={text.everyone}
          searchable
          clearable
          clearButtonProps={{ "aria-label": text.everyone }}
          w={220}
          value={group ?? null}
          onChange={(chosen) => choose({ group: chosen ?? undefined })}
          data={[...new Set(groups.map((one) => one.kind))].map((kind) => ({
            group: kind,
            items: groups.filter((one) => one.kind === kind).map((one) => ({ value: one.id, label: one.name })),
          }))}
        />
      )}
    </Group>
  );
}
