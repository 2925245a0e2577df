// How recognition goes: four numbers, the trend, the values; for admins and auditors, the groups.
import { Group, Text } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { ChartNoAxesCombined, EyeOff } from "lucide-react";
import { useMemo } from "react";
import { useQuery } from "urql";

import { GroupsDocument, InsightsDocument } from "../contract/graphql";
import { moment } from "../formats";
import { insightsMessages } from "./messages";
import { Page } from "../shell/Page";
import { Empty, Loading, Trouble } from "../shell/states";
import { useMay, useViewer } from "../viewer";
import { GroupFigures } from "./GroupFigures";
import { Numbers } from "./Numbers";
import { Filters } from "./Filters";
import { bucketFor, daysIn, lastDays, type Range, today } from "./ranges";
import { Trend } from "./Trend";
import { Values } from "./Values";

const route = getRouteApi("/insights");
const text = insightsMessages;

export function InsightsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { organization } = useViewer();
  const mayGroups = useMay("insight.groups");
  const now = today(organization.timeZone);
  const range: Range = search.from && search.to ? { from: search.from, to: search.to } : lastDays(90, now);
  const [{ data: known }] = useQuery({ query: GroupsDocument, variables: { first: 100 }, pause: !mayGroups });
  const groups = known?.groups.nodes ?? [];
  const group = mayGroups ? search.group : undefined;

  return (
    <Page title={text.title} lead={text.compared(daysIn(range))}>
      <Filters
        range={range}
        today={now}
        groups={groups}
        group={group}
        choose={(chosen) => navigate({ search: (before) => ({ ...before, ...chosen }) })}
      />
      <Figures range={range} group={group} />
      {mayGroups && group === undefined && <GroupFigures range={range} groups={groups} />}
    </Page>
  );
}

function Figures({ range: { from, to }, group }: { range: Range; group: string | undefined }) {
  const variables = useMemo(() => ({ range: { from, to }, bucket: bucketFor({ from, to }), groupId: group ?? null }), [from, to, group]);
  const [{ data, error }, again] = useQuery({ query: InsightsDocument, variables });
  if (data === undefined) {
    if (!error) return <Loading rows={2} height={200} />;
    return <Trouble why={error.graphQLErrors[0]?.message} again={() => again({ requestPolicy: "network-only" })} />;
  }
  const { insights } = data;
  if (insights.withheld) return <Empty icon={EyeOff} title={text.withheld} why={text.withheldWhy} />;
  return (
    <>
      <Numbers insights={insights} />
      {insights.pointsGiven === 0 && insights.recognitionCount === 0 ? (
        <Empty icon={ChartNoAxesCombined} title={text.nothing} why={text.nothingWhy} />
      ) : (
        <div className="figures">
          <Trend trend={insights.trend} />
          <Values values={insights.byValue} />
        </div>
      )}
      <Group justify="flex-end">
        <Text fz="xs" c="dimmed">
          {text.asOf(moment(insights.asOf))}
        </Text>
      </Group>
    </>
  );
}
