// "How is this counted?", answered where the number stands.
import { Collapse, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";

import { insightsMessages } from "./messages";

export function How({ children }: { children: string }) {
  const [open, { toggle }] = useDisclosure();
  return (
    <>
      <UnstyledButton className="quiet" fz="xs" mt="xs" aria-expanded={open} onClick={toggle}>
        {insightsMessages.how}
      </UnstyledButton>
      <Collapse expanded={open}>
        <Text fz="sm" c="dimmed" mt={4}>
          {children}
        </Text>
      </Collapse>
    </>
  );
}
