"""The ground everything stands on: settings, the clock, ids, the actor and the family of errors. Pure; imports nothing of the house."""
