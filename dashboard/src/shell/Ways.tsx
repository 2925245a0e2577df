// How one gets from page to page: beside the page where there is room; on a phone below it, with what has no room behind one more button.
import { Drawer, Stack, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import { Ellipsis } from "lucide-react";

import { messages } from "../messages";
import { useViewer } from "../viewer";
import { sectionsFor, type Way } from "./directory";

/** What has room on a phone, the button for the rest included. */
const BELOW_MAX = 5;

export function WaysBelow() {
  const [open, { close, toggle }] = useDisclosure(false);
  const ways = sectionsFor(useViewer()).flatMap((section) => section.ways);
  const crowded = ways.length > BELOW_MAX;
  return (
    <>
      {(crowded ? ways.slice(0, BELOW_MAX - 1) : ways).map((way) => (
        <WayLink key={way.to} way={way} size={21} />
      ))}
      {crowded && (
        <UnstyledButton className="way" aria-expanded={open} onClick={toggle}>
          <Ellipsis size={21} strokeWidth={1.85} aria-hidden />
          <span>{messages.ways.more}</span>
        </UnstyledButton>
      )}
      <Drawer opened={open} onClose={close} position="bottom" size="80%" title={messages.ways.all} closeButtonProps={{ "aria-label": messages.close }}
        attributes={{ header: { role: "none" } }} styles={{ title: { fontWeight: 650 }, content: { borderRadius: "1rem 1rem 0 0" } }}>
        <Stack component="nav" aria-label={messages.ways.all} gap={4}>
          <WaysBeside went={close} />
        </Stack>
      </Drawer>
    </>
  );
}

/** All of them, by section; `went` is told when one was chosen. */
export function WaysBeside({ went }: { went?: () => void }) {
  const sections = sectionsFor(useViewer());
  return sections.map(({ label, ways }, at) => (
    <Stack key={label} gap={4} role="group" aria-label={label} mt={at > 0 ? "md" : 0}>
      {at > 0 && (
        <Text fz="xs" fw={600} c="dimmed" px={12} mb={2} aria-hidden>
          {label}
        </Text>
      )}
      {ways.map((way) => (
        <WayLink key={way.to} way={way} size={19} went={went} />
      ))}
    </Stack>
  ));
}

function WayLink({ way, size, went }: { way: Way; size: number; went?: (() => void) | undefined }) {
  const { to, label, icon: Icon } = way;
  return (
    <Link to={to} className="way" activeOptions={{ exact: to === "/", includeSearch: false }} {...(went ? { onClick: went } : {})}>
      <Icon size={size} strokeWidth={1.85} aria-hidden />
      <span>{label}</span>
    </Link>
  );
}
