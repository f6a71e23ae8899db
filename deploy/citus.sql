-- Spreads a collection in PostgreSQL over several machines with Citus (https://www.citusdata.com). docs/deployment.md
-- says what works with it and what does not. Once, on the coordinator, by its administrator, when Fundstelle has made its
-- tables. Articles may be there already; what they take up on the coordinator stays taken.
--
--     psql --set ON_ERROR_STOP=1 --file deploy/citus.sql postgresql://…
--
-- Every node needs pgvector (CREATE EXTENSION vector), and the coordinator has to be known to the others
-- (citus_set_coordinator_host). Citus distributes a table by a column that each of its unique indexes holds. Here that is
-- document_id: what belongs to an article lies on one node, so passages and their sentences are joined there.
BEGIN;
SET LOCAL client_min_messages = warning;
-- Foreign keys to a reference table want one connection a node.
SET LOCAL citus.multi_shard_modify_mode = 'sequential';

-- Citus has triggers on local tables only. Without these, "fundstelle status --check" counts anew what keyword search
-- needs: to be run after articles have been added or removed.
DROP TRIGGER sentences_added ON sentences;
DROP TRIGGER sentences_removed ON sentences;
DROP TRIGGER passages_added ON passages;
DROP TRIGGER passages_removed ON passages;
-- Without this one, "fundstelle sync" does not take an article up again that "fundstelle remove" has taken out, until its
-- file changes.
DROP TRIGGER forget_file ON documents;

-- The one key that does not hold it. Versions are never asked for by their id.
ALTER TABLE versions DROP CONSTRAINT versions_pkey, ADD PRIMARY KEY (document_id, id);

-- A distributed table may refer to a reference table, which documents becomes only below.
ALTER TABLE sentences DROP CONSTRAINT sentences_document_id_fkey;
ALTER TABLE passages DROP CONSTRAINT passages_document_id_fkey;
ALTER TABLE versions DROP CONSTRAINT versions_document_id_fkey;
ALTER TABLE part_seals DROP CONSTRAINT part_seals_document_id_fkey;
ALTER TABLE shingles DROP CONSTRAINT shingles_document_id_fkey;

-- What grows with the articles and is asked for by all of them at once: vectors and passages, and what goes with them.
SELECT create_distributed_table('sentences', 'document_id');
SELECT create_distributed_table('passages', 'document_id', colocate_with => 'sentences');
SELECT create_distributed_table('versions', 'document_id', colocate_with => 'sentences');
SELECT create_distributed_table('part_seals', 'document_id', colocate_with => 'sentences');

-- A copy on each node. Articles: a path is unique, a copy refers to its original, and filters ask them inside of each
-- node's search. Near-duplicate bands: whether an article has some is asked together with the article.
SELECT create_reference_table('documents');
SELECT create_reference_table('shingles');

ALTER TABLE sentences ADD FOREIGN KEY (document_id) REFERENCES documents (id) ON DELETE CASCADE;
ALTER TABLE passages ADD FOREIGN KEY (document_id) REFERENCES documents (id) ON DELETE CASCADE;
ALTER TABLE versions ADD FOREIGN KEY (document_id) REFERENCES documents (id) ON DELETE CASCADE;
ALTER TABLE part_seals ADD FOREIGN KEY (document_id) REFERENCES documents (id) ON DELETE CASCADE;
ALTER TABLE shingles ADD FOREIGN KEY (document_id) REFERENCES documents (id) ON DELETE CASCADE;

-- All others stay on the coordinator: they are small (sources, feedback, standing questions, people, the inbox), or count
-- what has to be counted over all nodes (tallies, terms, recent_terms). staged_vectors, too: another embedder needs
-- another database, see docs/deployment.md.

-- What a search sets for its own transaction does not reach the nodes: they get it here, for each connection.
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET hnsw.ef_search = 160', current_database());
    EXECUTE format('ALTER DATABASE %I SET hnsw.iterative_scan = relaxed_order', current_database());
END $$;
COMMIT;
