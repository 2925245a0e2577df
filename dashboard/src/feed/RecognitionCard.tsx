// One recognition: who thanked whom, for what, and what others make of it.
import { Badge, Group, Paper, Stack, Text, Tooltip } from "@mantine/core";
import { Lock } from "lucide-react";
import { useState } from "react";

import type { FeedQuery } from "../contract/graphql";
import { moment, names, number, since } from "../formats";
import { feedMessages } from "./messages";
import { Face } from "../shell/Face";
import { useMay, usePoints, useViewer } from "../viewer";
import { Boost } from "./Boost";
import { Reactions } from "./Reactions";
import { Talk, TalkButton } from "./Talk";

export type Recognition = FeedQuery["recognitions"]["nodes"][number];

export function RecognitionCard({ recognition }: { recognition: Recognition }) {
  const { giver, recipients, groups, values, pointsEach } = recognition;
  const points = usePoints();
  const { member } = useViewer();
  const mayGive = useMay("recognition.give");
  const [talking, setTalking] = useState(false);
  const everyone = names(recipients.map((one) => one.displayName));
  const thanked = groups.length > 0 ? `${names(groups.map((one) => one.name))} (${everyone})` : everyone;

  return (
    <Paper component="article" aria-label={`${giver.displayName} ${feedMessages.to} ${thanked}`}>
      <Stack gap="sm">
        <Group gap="sm" wrap="nowrap" align="flex-start">
          <Face name={giver.displayName} />
          <div style={{ flex: 1, minWidth: 0 }}>
            <Text fw={600} lh={1.4}>
              {giver.displayName}{" "}
              <Text span c="dimmed" fw={400}>
                {feedMessages.to}
              </Text>{" "}
              {thanked}
            </Text>
            <Group gap={6} c="dimmed">
              <Text component="time" fz="xs" dateTime={recognition.givenAt} title={moment(recognition.givenAt)}>
                {since(recognition.givenAt)}
              </Text>
              {recognition.visibility === "PRIVATE" && (
                <Badge variant="default" size="sm" tt="none" fw={500} leftSection={<Lock size={11} aria-hidden />}>
                  {feedMessages.privately}
                </Badge>
              )}
            </Group>
          </div>
          <Worth each={pointsEach} people={recipients.length} label={points(pointsEach)} />
        </Group>
        <Text className="said" fz="lg" lh={1.55}>
          {recognition.message || feedMessages.hidden}
        </Text>
        {values.length > 0 && (
          <Group gap={6}>
            {values.map((value) => (
              <span key={value.id} className="value">
                {value.emoji} {value.name}
              </span>
            ))}
          </Group>
        )}
        <Group gap={6} mt={4}>
          <Reactions id={recognition.id} reactions={recognition.reactions} />
          <TalkButton count={recognition.comments.totalCount ?? 0} open={talking} toggle={() => setTalking(!talking)} />
          {mayGive && recognition.visibility === "PUBLIC" && giver.id !== member.id && <Boost recognition={recognition} />}
          {recognition.boostCount > 0 && (
            <Text fz="sm" c="dimmed" ml="auto">
              {feedMessages.boosted(number(recognition.boostPoints), recognition.boostCount)}
            </Text>
          )}
        </Group>
        {talking && <Talk recognition={recognition} />}
      </Stack>
    </Paper>
  );
}

function Worth({ each, people, label }: { each: number; people: number; label: string }) {
  if (each === 0) {
    return (
      <Badge variant="default" size="lg" tt="none" fw={500} style={{ flexShrink: 0 }}>
        {feedMessages.thanks}
      </Badge>
    );
  }
  return (
    <Tooltip label={people > 1 ? feedMessages.each(label) : label}>
      <Text className="numbers" fw={650} fz="lg" c="var(--plaudit-accent)" style={{ flexShrink: 0 }}>
        +{number(each)}
      </Text>
    </Tooltip>
  );
}
