// Chooses people and teams by name. Who cannot receive is shown, and why.
import { Group, MultiSelect, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { UsersRound } from "lucide-react";
import { useMemo, useState } from "react";
import { useQuery } from "urql";

import { GroupsDocument, PeopleDocument, type PeopleQuery } from "../contract/graphql";
import { messages } from "../messages";
import { giveMessages } from "./messages";
import { Face } from "../shell/Face";
import { useViewer } from "../viewer";

export type Chosen = { id: string; name: string; group: boolean; about: string };

type Person = PeopleQuery["members"]["nodes"][number];
type Choice = Chosen & { barred: boolean };

export function PeoplePicker({ chosen, choose }: { chosen: Chosen[]; choose: (chosen: Chosen[]) => void }) {
  const viewer = useViewer();
  const [search, setSearch] = useState("");
  const [settled] = useDebouncedValue(search.trim(), 200);
  const variables = useMemo(() => ({ first: 20, search: settled || null, filter: { status: null } }), [settled]);
  const [{ data }] = useQuery({ query: PeopleDocument, variables });
  const [{ data: known }] = useQuery({ query: GroupsDocument, variables: { first: 100 } });

  const why = (person: Person) => {
    if (person.canReceive) return person.jobTitle ?? "";
    if (person.id === viewer.member.id) return giveMessages.self;
    if (person.status === "DEACTIVATED") return giveMessages.left;
    return person.mode === "GIVER" || person.mode === "OBSERVER" ? giveMessages.doesNotReceive : giveMessages.notFromYou;
  };
  const people: Choice[] = (data?.members.nodes ?? []).map((person) => ({
    id: person.id,
    name: person.displayName,
    group: false,
    about: why(person),
    barred: !person.canReceive,
  }));
  const groups: Choice[] = (known?.groups.nodes ?? [])
    .filter((group) => settled !== "" && group.name.toLowerCase().includes(settled.toLowerCase()))
    .slice(0, 5)
    .map((group) => ({ id: group.id, name: group.name, group: true, about: giveMessages.team(group.memberCount), barred: false }));

  const choices = new Map<string, Choice>();
  for (const one of [...groups, ...people]) choices.set(one.id, one);
  // Those already chosen stay known, whatever is searched for next.
  for (const one of chosen) if (!choices.has(one.id)) choices.set(one.id, { ...one, barred: false });
  const all = [...choices.values()];
  const found = new Set([...groups, ...people].map((one) => one.id));

  return (
    <MultiSelect
      label={giveMessages.who}
      placeholder={chosen.length === 0 ? giveMessages.search : ""}
      data-autofocus
      searchable
      openOnFocus={false}
      withScrollArea={false}
      comboboxProps={{ withinPortal: false }}
      styles={{ options: { maxHeight: 296, overflowY: "auto" } }}
      hidePickedOptions
      nothingFoundMessage={data ? giveMessages.nobody : messages.states.loading}
      searchValue={search}
      onSearchChange={setSearch}
      // The server has searched; what it found is all shown.
      filter={({ options }) => options.filter((option) => "value" in option && found.has(String(option.value)))}
      data={all.map((one) => ({ value: one.id, label: one.name, disabled: one.barred }))}
      value={chosen.map((one) => one.id)}
      onChange={(ids) => {
        setSearch("");
        choose(ids.flatMap((id) => choices.get(id) ?? []));
      }}
      renderOption={({ option }) => {
        const one = choices.get(String(option.value));
        return (
          <Group gap="sm" wrap="nowrap">
            {one?.group ? <UsersRound size={20} aria-hidden style={{ margin: 6 }} /> : <Face name={option.label} size={32} />}
            <div>
              <Text fz="sm" fw={500}>
                {option.label}
              </Text>
              <Text fz="xs" c="dimmed">
                {one?.about}
              </Text>
            </div>
          </Group>
        );
      }}
    />
  );
}
