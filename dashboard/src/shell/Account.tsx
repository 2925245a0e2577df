// Who is signed in, how the page looks, and the way out.
import { Menu, Text, UnstyledButton, useMantineColorScheme, VisuallyHidden } from "@mantine/core";
import { Check, ChevronsUpDown, LogOut, Monitor, Moon, Sun } from "lucide-react";

import { messages } from "../messages";
import { signOut } from "../session";
import type { Viewer } from "../viewer";
import { Face } from "./Face";

const SCHEMES = [
  { name: "auto", label: messages.scheme.system, icon: Monitor },
  { name: "light", label: messages.scheme.light, icon: Sun },
  { name: "dark", label: messages.scheme.dark, icon: Moon },
] as const;

export function Account({ viewer, compact = false }: { viewer: Viewer; compact?: boolean }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { displayName, jobTitle } = viewer.member;
  return (
    <Menu position={compact ? "bottom-end" : "top-start"} width={232} radius="md" shadow="md">
      <Menu.Target>
        <UnstyledButton className="way" style={compact ? { padding: 4 } : undefined}>
          <Face name={displayName} size={34} />
          {compact && (
            <VisuallyHidden>
              {messages.account.open}: {displayName}
            </VisuallyHidden>
          )}
          {!compact && (
            <>
              <span style={{ flex: 1, minWidth: 0 }}>
                <Text span display="block" fz="sm" fw={600} c="var(--mantine-color-text)" truncate>
                  {displayName}
                </Text>
                <Text span display="block" fz="xs" c="dimmed" truncate>
                  {jobTitle}
                </Text>
              </span>
              <ChevronsUpDown size={16} aria-hidden />
            </>
          )}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{messages.scheme.label}</Menu.Label>
        {SCHEMES.map(({ name, label, icon: Icon }) => (
          <Menu.Item
            key={name}
            role="menuitemradio"
            aria-checked={colorScheme === name}
            leftSection={<Icon size={16} aria-hidden />}
            rightSection={colorScheme === name ? <Check size={16} aria-hidden /> : null}
            onClick={() => setColorScheme(name)}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<LogOut size={16} aria-hidden />} onClick={signOut}>
          {messages.account.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
