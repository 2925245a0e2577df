-- One grant as one transaction: the rows that giveRecognition reads and writes, one statement for each table.
\if :begun = 0
SELECT organization_id, giver_id, recipient_id, repeat('r', 760) AS record, repeat('h', 32) AS hash, repeat('s', 16) AS salt
FROM bench_pair WHERE organizations = :organizations AND client = :client_id
\gset
\set begun 1
\endif
BEGIN;
SELECT sequence + 1 AS sequence, uuidv7() AS recognition_id, uuidv7() AS transfer_id
FROM chain_head WHERE organization_id = :organization_id FOR UPDATE
\gset
SELECT * FROM receipt WHERE organization_id = :organization_id AND actor_id = :giver_id AND verb = 'giveRecognition' AND idempotency_key = :recognition_id;
SELECT * FROM giving_policy WHERE organization_id = :organization_id;
SELECT * FROM allowance_policy_version WHERE organization_id = :organization_id;
SELECT * FROM allowance_standing WHERE organization_id = :organization_id AND member_id = :giver_id;
SELECT * FROM member WHERE organization_id = :organization_id AND id IN (:giver_id, :recipient_id);
SELECT * FROM membership WHERE organization_id = :organization_id AND member_id IN (:giver_id, :recipient_id);
SELECT * FROM account WHERE organization_id = :organization_id AND owner_id IN (:organization_id, :giver_id, :recipient_id);
INSERT INTO recognition (organization_id, id, giver_id, points_each, recipient_count, message, message_salt, visibility, origin, given_at, boost_count, boost_points)
VALUES (:organization_id, :recognition_id, :giver_id, 1, 1, 'Thank you for staying late and finding what broke the release', :salt, 'PUBLIC', 'GIVEN', now(), 0, 0);
INSERT INTO recognition_grant (organization_id, gift_id, recipient_id, recognition_id, giver_id, points, is_boost, revoked)
VALUES (:organization_id, :recognition_id, :recipient_id, :recognition_id, :giver_id, 1, false, false);
INSERT INTO transfer (organization_id, id, kind, posted_at, recognition_id)
VALUES (:organization_id, :transfer_id, 'RECOGNITION', now(), :recognition_id);
INSERT INTO entry (organization_id, owner_id, account_kind, transfer_id, points)
VALUES (:organization_id, :giver_id, 'allowance', :transfer_id, -1), (:organization_id, :recipient_id, 'wallet', :transfer_id, 1);
INSERT INTO receipt (organization_id, actor_id, verb, idempotency_key, salt, digest, result_id)
VALUES (:organization_id, :giver_id, 'giveRecognition', :recognition_id, :salt, :hash, :recognition_id);
INSERT INTO audit_event (organization_id, sequence, at, actor_id, door, action, subject, record, hash)
VALUES (:organization_id, :sequence, now(), :giver_id, 'graphql', 'recognition.given', 'recognition:' || :recognition_id, :record, :hash);
UPDATE account SET balance = balance - 1 WHERE organization_id = :organization_id AND owner_id = :giver_id AND kind = 'allowance';
UPDATE account SET balance = balance + 1 WHERE organization_id = :organization_id AND owner_id = :recipient_id AND kind = 'wallet';
UPDATE chain_head SET sequence = :sequence, hash = :hash WHERE organization_id = :organization_id;
COMMIT;
