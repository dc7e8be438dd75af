-- Distributes Tollhouse's tables over the machines of a Citus cluster, by organization. docs/scaling.md says when, and what
-- there is to know.
--
--   tollhouse migrate                                       # with DATABASE_URL of the coordinator: creates the tables
--   psql --set ON_ERROR_STOP=1 --file docs/citus.sql "$DATABASE_URL"
--
-- The workers are nodes of the cluster already (citus_add_node), and the coordinator is known to them
-- (citus_set_coordinator_host). No server runs meanwhile. Existing rows are moved to the workers, table by table; if that
-- is interrupted, go on with the first table that isn't in pg_dist_partition.
--
-- A test compares this file with the schema: each table is in one of the three lists.

-- Small tables that are joined with all others: each machine has a copy.
SELECT create_reference_table('organizations');
SELECT create_reference_table('prices');
SELECT create_reference_table('users');

-- All that belongs to an organization is on one machine. Partitions follow their tables, also those that servers make later.
SELECT create_distributed_table('api_keys', 'organization_id', colocate_with => 'none');
SELECT create_distributed_table('audit_entries', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('audit_heads', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('bodies', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('body_sums', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('call_tags', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('calls', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('client_requests', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('event_ids', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('export_chunks', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('exports', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('inboxes', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('key_requests', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('key_secrets', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('key_uses', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('member_settings', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('memberships', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('notifications', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('project_members', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('projects', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('provider_objects', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('rollups', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('saved_views', 'organization_id', colocate_with => 'api_keys');
SELECT create_distributed_table('series', 'organization_id', colocate_with => 'api_keys');

-- The rest stays on the coordinator, as it is: what is looked up before the organization is known (key_directory,
-- ended_sessions, sessions), what belongs to none (installation, journals, known_networks, required_migrations, sign_in_failures), what all servers
-- share in one order or queue (background_migrations, changes, jobs, rate_windows), and the few secrets that are sealed anew together (sealed_secrets).
-- local: background_migrations, changes, ended_sessions, installation, jobs, journals, key_directory, known_networks, rate_windows
-- local: required_migrations, sealed_secrets, sessions, sign_in_failures
