// The first page: sign in with a token, and what to do when it is refused.
import { Box, Button, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { type SyntheticEvent, useEffect, useState } from "react";

import { refusalOf } from "../client";
import { messages } from "../messages";
import { signIn } from "../session";
import { Brand } from "./Brand";

export function SignIn() {
  const [token, setToken] = useState("");
  const [refusal, setRefusal] = useState<string | null>(null);
  const [waiting, setWaiting] = useState(false);
  const text = messages.signIn;

  useEffect(() => {
    document.title = messages.product;
  }, []);

  async function enter(event: SyntheticEvent) {
    event.preventDefault();
    const secret = token.trim();
    if (!/^plaudit_\S+$/.test(secret)) return setRefusal(text.shape);
    setWaiting(true);
    try {
      if ((await refusalOf(secret)) === null) return signIn(secret);
      setRefusal(text.wrong);
    } catch {
      setRefusal(text.unreachable);
    }
    setWaiting(false);
  }

  return (
    <Box component="main" mih="100dvh" style={{ display: "grid", placeItems: "center" }} p="md">
      <Stack gap="xl" w="100%" maw={420}>
        <Brand size={36} />
        <div>
          <Title order={1} fz="2rem" lts="-0.03em">
            {text.title}
          </Title>
          <Text c="dimmed" mt="xs" fz="lg">
            {text.lead}
          </Text>
        </div>
        <Paper component="form" onSubmit={enter} noValidate>
          <Stack gap="md">
            <PasswordInput
              label={text.token}
              description={text.where}
              placeholder="plaudit_…"
              size="md"
              autoComplete="off"
              spellCheck={false}
              value={token}
              error={refusal}
              errorProps={{ role: "alert" }}
              onChange={(event) => {
                setToken(event.currentTarget.value);
                setRefusal(null);
              }}
            />
            <Button type="submit" size="md" fullWidth loading={waiting}>
              {text.enter}
            </Button>
          </Stack>
        </Paper>
        <Text c="dimmed" fz="sm">
          {text.demo}
        </Text>
      </Stack>
    </Box>
  );
}
