"""The GraphQL door: finds the actor, parses into a command, submits one act, renders the answer; owns no rules."""
