// Groups of one kind: what each gave and received, and who recognises whom. For admins and auditors.
import { Select } from "@mantine/core";
import { useState } from "react";
import { useQuery } from "urql";

import { GroupInsightsDocument, type GroupsQuery } from "../contract/graphql";
import { percent } from "../formats";
import { insightsMessages } from "./messages";
import { Loading, Trouble } from "../shell/states";
import { Figure } from "./Figure";
import { Flows } from "./Flows";
import type { Range } from "./ranges";

const text = insightsMessages.groups;

export function GroupFigures({ range: { from, to }, groups }: { range: Range; groups: GroupsQuery["groups"]["nodes"] }) {
  const kinds = [...new Set(groups.map((group) => group.kind))];
  const [chosen, setChosen] = useState<string | null>(null);
  const kind = chosen ?? (kinds.includes("team") ? "team" : (kinds[0] ?? ""));
  const variables = { range: { from, to }, kind };
  const [{ data, error }, again] = useQuery({ query: GroupInsightsDocument, variables, pause: kind === "" });
  if (kind === "") return null;
  if (data === undefined) return error ? <Trouble again={() => again({ requestPolicy: "network-only" })} /> : <Loading rows={2} height={280} />;
  const { byGroup, flows } = data.insights;
  return (
    <>
      <Figure
        title={text.title}
        how={text.how}
        columns={text.columns}
        rows={byGroup.map((one) => [
          one.group.name, one.given, one.received, one.pointsGiven, one.pointsReceived, one.givingRate, one.receivingRate,
        ])}
        formats={{ 5: percent, 6: percent }}
        actions={
          <Select
            aria-label={text.kind}
            size="xs"
            w={140}
            allowDeselect={false}
            value={kind}
            onChange={setChosen}
            data={kinds.map((one) => ({ value: one, label: one.charAt(0).toUpperCase() + one.slice(1) }))}
          />
        }
      />
      {flows.length > 0 && <Flows flows={flows} />}
    </>
  );
}
