// Adds points to somebody else's recognition, from one's own allowance.
import { Button, Group, NumberInput, Popover, Stack, Text } from "@mantine/core";
import { Rocket } from "lucide-react";
import { type SyntheticEvent, useRef, useState } from "react";
import { useMutation } from "urql";

import { newKey } from "../client";
import { BoostDocument } from "../contract/graphql";
import { giveMessages } from "../give/messages";
import { feedMessages } from "./messages";
import { refusalIn, tell } from "../outcome";
import { usePoints, useViewer } from "../viewer";
import type { Recognition } from "./RecognitionCard";

export function Boost({ recognition }: { recognition: Recognition }) {
  const [open, setOpen] = useState(false);
  const [each, setEach] = useState<number | string>(5);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [{ fetching }, boost] = useMutation(BoostDocument);
  const key = useRef(newKey());
  const points = usePoints();
  const { member } = useViewer();
  const people = recognition.recipients.filter((one) => one.id !== member.id).length;
  const valid = typeof each === "number" && each > 0;
  if (people === 0) return null;

  async function send(event: SyntheticEvent) {
    event.preventDefault();
    if (!valid) return;
    const result = await boost({ input: { recognitionId: recognition.id, pointsEach: each, idempotencyKey: key.current } });
    const said = refusalIn(result);
    setRefusal(said);
    // What was answered, even with a no, is settled: another try is another act. What was lost on the way keeps its key.
    if (result.data !== undefined) key.current = newKey();
    if (said === null) {
      setOpen(false);
      tell(feedMessages.boostDone);
    }
  }

  return (
    <Popover opened={open} onChange={setOpen} width={288} position="bottom-start" shadow="md" radius="lg" trapFocus returnFocus>
      <Popover.Target>
        <button type="button" className="chip" onClick={() => setOpen(!open)}>
          <Rocket size={15} aria-hidden />
          {feedMessages.boost}
        </button>
      </Popover.Target>
      <Popover.Dropdown p="md" aria-label={feedMessages.boostTitle}>
        <form onSubmit={send}>
          <Stack gap="sm">
            <div>
              <Text fw={600}>{feedMessages.boostTitle}</Text>
              <Text fz="sm" c="dimmed">
                {feedMessages.boostWhy(people)}
              </Text>
            </div>
            <Group gap="xs" wrap="nowrap" align="flex-start">
              <NumberInput
                aria-label={giveMessages.points}
                data-autofocus
                min={1}
                max={1_000_000}
                allowDecimal={false}
                value={each}
                onChange={(value) => {
                  setEach(value);
                  setRefusal(null);
                }}
                w={88}
              />
              <Button type="submit" flex={1} loading={fetching} disabled={!valid}>
                {valid ? feedMessages.boostBy(points(each * people)) : feedMessages.boost}
              </Button>
            </Group>
            {refusal && (
              <Text role="alert" fz="sm" c="var(--plaudit-bad)">
                {refusal}
              </Text>
            )}
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
