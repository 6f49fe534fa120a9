-- The roles of the ledger. Run once in a database of its own, as a superuser:
--   psql --dbname=doelpoort --file=roles.sql
-- What each role may do is set per log by `doelpoort audit migrate`, which must run as the owner.

CREATE ROLE doelpoort_gateway NOLOGIN;
CREATE ROLE doelpoort_keeper NOLOGIN;
CREATE ROLE doelpoort_auditor NOLOGIN;

-- Nobody makes tables or functions of their own beside the ledger, nor temporary ones.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
DO $$
BEGIN
    EXECUTE format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END
$$;
