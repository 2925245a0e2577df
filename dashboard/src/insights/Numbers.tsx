// The four numbers, each with what it was before and how it is counted.
import { Paper, SimpleGrid, Text } from "@mantine/core";
import { TrendingDown, TrendingUp } from "lucide-react";

import type { InsightsQuery } from "../contract/graphql";
import { number, percent } from "../formats";
import { insightsMessages } from "./messages";
import { How } from "./How";

type Insights = InsightsQuery["insights"];
const text = insightsMessages;

export function Numbers({ insights }: { insights: Insights }) {
  const { before, participation: now } = insights;
  const then = before.participation;
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }}>
      <Figure about={text.numbers.recognitions} now={insights.recognitionCount} before={before.recognitionCount} format={number} />
      <Figure about={text.numbers.points} now={insights.pointsGiven} before={before.pointsGiven} format={number} />
      <Figure about={text.numbers.giving} now={now.givingRate} before={then.givingRate} format={percent} />
      <Figure about={text.numbers.receiving} now={now.receivingRate} before={then.receivingRate} format={percent} />
    </SimpleGrid>
  );
}

function Figure(props: { about: { label: string; how: string }; now: number | null; before: number | null; format: (value: number) => string }) {
  const { about, now, before, format } = props;
  return (
    <Paper component="section" aria-label={about.label}>
      <Text c="dimmed" fz="sm">
        {about.label}
      </Text>
      <Text fz={34} fw={650} lh={1.25} className="numbers">
        {now === null ? "–" : format(now)}
      </Text>
      {now !== null && before !== null && <Compared now={now} before={before} format={format} />}
      <How>{about.how}</How>
    </Paper>
  );
}

function Compared({ now, before, format }: { now: number; before: number; format: (value: number) => string }) {
  const up = now > before;
  const Icon = up ? TrendingUp : TrendingDown;
  return (
    <Text fz="sm" c="dimmed" style={{ display: "flex", alignItems: "center", gap: 6 }}>
      {format(now) === format(before) ? (
        text.noChange
      ) : (
        <>
          <Icon size={16} color={up ? "var(--plaudit-good)" : "var(--plaudit-bad)"} aria-hidden />
          {text.before(format(before))}
        </>
      )}
    </Text>
  );
}
