"""The Slack door: staff give in chat, admins set who may give and receive."""
