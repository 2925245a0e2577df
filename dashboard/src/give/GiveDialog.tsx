// Gives recognition: to whom, what for, how much; with the price and every "no" before it is sent.
import { Button, Chip, Group, Modal, NumberInput, Stack, Switch, Text, Textarea } from "@mantine/core";
import { useDebouncedValue, useMediaQuery } from "@mantine/hooks";
import { type SyntheticEvent, useMemo, useRef, useState } from "react";
import { useMutation, useQuery } from "urql";

import { newKey } from "../client";
import { CheckGivingDocument, GiveDocument } from "../contract/graphql";
import { names } from "../formats";
import { messages } from "../messages";
import { giveMessages } from "./messages";
import { refusalIn, tell } from "../outcome";
import { usePoints, useViewer } from "../viewer";
import { type Chosen, PeoplePicker } from "./PeoplePicker";
import { Verdict } from "./Verdict";

const AMOUNTS = [0, 5, 10, 25];
const ABOUT = { requestPolicy: "network-only" as const };

export function GiveDialog({ close }: { close: () => void }) {
  const phone = useMediaQuery("(max-width: 36em)");
  return (
    <Modal
      opened
      onClose={close}
      title={giveMessages.title}
      size={560}
      fullScreen={phone ?? false}
      attributes={{ header: { role: "none" } }}
      closeButtonProps={{ "aria-label": messages.close }}
      styles={{ title: { fontWeight: 650, fontSize: "1.125rem" } }}
    >
      <GiveForm close={close} />
    </Modal>
  );
}

function GiveForm({ close }: { close: () => void }) {
  const { organization, member } = useViewer();
  const points = usePoints();
  const [chosen, setChosen] = useState<Chosen[]>([]);
  const [message, setMessage] = useState("");
  const [each, setEach] = useState<number | string>(10);
  const [valueIds, setValueIds] = useState<string[]>([]);
  const [secret, setSecret] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [{ fetching: sending }, give] = useMutation(GiveDocument);
  const key = useRef(newKey());

  const asked = useMemo(
    () => ({
      recipientIds: chosen.filter((one) => !one.group).map((one) => one.id),
      groupIds: chosen.filter((one) => one.group).map((one) => one.id),
      pointsEach: typeof each === "number" ? each : 0,
      valueIds,
      visibility: secret ? ("PRIVATE" as const) : ("PUBLIC" as const),
      // Nobody is told that an empty message is too short.
      message: message.trim() === "" ? null : message,
    }),
    [chosen, each, valueIds, secret, message],
  );
  const [settled] = useDebouncedValue(asked, 350);
  const [{ data, fetching }] = useQuery({ query: CheckGivingDocument, variables: settled, pause: chosen.length === 0, context: ABOUT });
  const check = chosen.length > 0 ? data?.givingCheck : undefined;
  const current = settled === asked && !fetching;
  const ready = chosen.length > 0 && message.trim() !== "" && current && check?.allowed === true;

  async function send(event: SyntheticEvent) {
    event.preventDefault();
    if (!ready) return;
    const result = await give({ input: { ...asked, message, idempotencyKey: key.current } });
    const said = refusalIn(result);
    setRefusal(said);
    // An answer settles the act; only what was lost on the way is tried again under the same key.
    if (result.data !== undefined) key.current = newKey();
    if (said === null) {
      tell(giveMessages.done(names(chosen.map((one) => one.name))));
      close();
    }
  }

  const change = <Value,>(set: (value: Value) => void) => {
    return (value: Value) => {
      setRefusal(null);
      set(value);
    };
  };

  return (
    <form onSubmit={send}>
      <Stack gap="lg">
        <PeoplePicker chosen={chosen} choose={change(setChosen)} />
        <Textarea
          label={giveMessages.what}
          placeholder={giveMessages.whatHint}
          autosize
          minRows={3}
          maxRows={8}
          maxLength={2000}
          value={message}
          onChange={(event) => change(setMessage)(event.currentTarget.value)}
        />
        <div>
          <Text component="label" htmlFor="points-each" fz="sm" fw={600} mb={6} display="block">
            {giveMessages.points}
          </Text>
          <Group gap="xs">
            {AMOUNTS.map((amount) => (
              <button key={amount} type="button" className="chip amount numbers" aria-pressed={each === amount} onClick={() => change(setEach)(amount)}>
                {amount === 0 ? giveMessages.plain : amount}
              </button>
            ))}
            <NumberInput id="points-each" w={96} min={0} max={1_000_000} allowDecimal={false} value={each} onChange={change(setEach)} />
          </Group>
        </div>
        <Chip.Group multiple value={valueIds} onChange={change(setValueIds)}>
          <Stack gap={6} component="fieldset" style={{ border: 0, padding: 0, margin: 0 }}>
            <Text component="legend" fz="sm" fw={600} mb={6} p={0}>
              {giveMessages.values}
            </Text>
            <Group gap="xs">
              {organization.values
                .filter((value) => !value.archived)
                .map((value) => (
                  <Chip key={value.id} value={value.id} size="sm" variant="outline">
                    {value.emoji} {value.name}
                  </Chip>
                ))}
            </Group>
          </Stack>
        </Chip.Group>
        <Switch
          label={giveMessages.secretly}
          description={giveMessages.secretlyWhy}
          checked={secret}
          onChange={(event) => change(setSecret)(event.currentTarget.checked)}
        />
        <Verdict check={check} checking={!current} refusal={refusal} remaining={points(member.allowance?.remaining ?? 0)} />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={close}>
            {messages.cancel}
          </Button>
          <Button type="submit" loading={sending} disabled={!ready} miw={120}>
            {giveMessages.send}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
