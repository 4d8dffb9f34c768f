-- A claim leaves a dead entry at the head of its queue's index, and every later claim walks over it until a vacuum: 15,000 of them
-- cost each claim 0.1 ms. By the default of 20 % of the table, dead entries would grow with the history that is kept; and a vacuum
-- that finds few dead rows leaves the indexes as they are unless told otherwise.
alter table workflow_jobs set (
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_scale_factor = 0.01,
    vacuum_index_cleanup = on
);
