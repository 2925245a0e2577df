// What people are thanked for: a bar for each company value.
import { Group, Stack, Text } from "@mantine/core";

import type { InsightsQuery } from "../contract/graphql";
import { number } from "../formats";
import { insightsMessages } from "./messages";
import { Figure } from "./Figure";

type ValueCount = InsightsQuery["insights"]["byValue"][number];
const text = insightsMessages.values;

export function Values({ values }: { values: ValueCount[] }) {
  const most = Math.max(1, ...values.map((one) => one.recognitionCount));
  const bars = (
    <Stack component="ul" gap="md" p={0} m={0} mih={280} style={{ listStyle: "none" }}>
      {values.map(({ value, recognitionCount }) => (
        <li key={value.id}>
          <Group justify="space-between" gap="sm" mb={6} wrap="nowrap">
            <Text fz="sm" fw={500}>
              {value.emoji} {value.name}
            </Text>
            <Text fz="sm" className="numbers">
              {number(recognitionCount)}
            </Text>
          </Group>
          <div className="track">
            <div className="bar" style={{ width: `${(recognitionCount / most) * 100}%` }} />
          </div>
        </li>
      ))}
    </Stack>
  );
  return (
    <Figure
      title={text.title}
      how={text.how}
      columns={text.columns}
      rows={values.map(({ value, recognitionCount, points }) => [value.name, recognitionCount, points])}
      picture={bars}
    />
  );
}
