import { closest, distance } from 'fastest-levenshtein';
import type { Deployment } from './deployment.ts';

/**
 * Options of Airflow 2.10.3 and 3.3.1 by section, with those that are deprecated: `config.yml` of Airflow and of the
 * providers amazon, celery, common.io, fab, smtp and standard. Others may exist: a name that is not here is not wrong.
 */
const OPTIONS: Readonly<Record<string, string>> = {
  admin: 'hide_sensitive_variable_fields sensitive_variable_fields',
  api: `
    access_control_allow_headers access_control_allow_methods access_control_allow_origin
    access_control_allow_origins access_logfile auth_backend auth_backends auto_refresh_interval base_url
    client_ssl_cert client_ssl_key client_use_public_certs dag_cache_size dag_cache_ttl default_wrap
    enable_experimental_api enable_swagger_ui enable_xcom_deserialize_support expose_config expose_stacktrace
    fallback_page_limit google_key_path google_oauth2_audience grid_view_sorting_order hide_paused_dags_by_default
    host instance_name log_config log_fetch_timeout_sec log_stream_buffer_size maximum_page_limit page_size port
    require_confirmation_dag_change secret_key server_type ssl_ca_file ssl_cert ssl_cert_reqs ssl_key theme
    worker_refresh_batch_size worker_refresh_interval worker_timeout workers`,
  api_auth: `
    jwt_algorithm jwt_audience jwt_cli_expiration_time jwt_expiration_time jwt_issuer jwt_kid jwt_leeway
    jwt_private_key_path jwt_secret trusted_jwks_url`,
  aws: 'cloudwatch_task_handler_json_serializer s3_task_handler_acl_policy session_factory',
  aws_auth_manager: 'avp_policy_store_id conn_id enable region_name saml_metadata_url',
  aws_batch_executor: `
    check_health_on_startup conn_id job_definition job_name job_queue max_submit_job_attempts region_name
    submit_job_kwargs`,
  aws_ecs_executor: `
    assign_public_ip capacity_provider_strategy check_health_on_startup cluster conn_id container_name launch_type
    max_run_task_attempts platform_version region_name run_task_kwargs security_groups subnets task_definition`,
  aws_lambda_executor: `
    check_health_on_startup conn_id dead_letter_queue_url end_wait_timeout function_name max_invoke_attempts
    qualifier queue_url region_name`,
  callbacks: 'callback_execution_timeout',
  celery: `
    broker_url celery_app_name celery_config_options default_queue extra_celery_config flower_basic_auth flower_host
    flower_port flower_url_prefix operation_timeout pool result_backend result_backend_sqlalchemy_engine_options
    ssl_active ssl_cacert ssl_cert ssl_key stalled_task_timeout sync_parallelism task_acks_late
    task_publish_max_retries task_track_started worker_autoscale worker_concurrency worker_enable_remote_control
    worker_log_server_port worker_precheck worker_prefetch_multiplier worker_umask`,
  cli: 'api_client endpoint_url',
  'common.io': `
    state_store_objectstorage_compression state_store_objectstorage_path state_store_objectstorage_threshold
    xcom_objectstorage_compression xcom_objectstorage_path xcom_objectstorage_threshold`,
  connection_test: 'max_concurrency reaper_interval timeout',
  core: `
    allow_double_dot_in_ids allowed_deserialization_classes allowed_deserialization_classes_regexp
    asset_manager_class asset_manager_kwargs auth_manager base_log_folder check_slas colored_console_log
    colored_formatter_class colored_log_format compress_serialized_dags daemon_umask dag_concurrency
    dag_discovery_safe_mode dag_file_processor_timeout dag_ignore_file_syntax dag_processor_manager_log_location
    dag_run_conf_overrides_params dagbag_import_error_traceback_depth dagbag_import_error_tracebacks
    dagbag_import_timeout dags_are_paused_at_creation dags_folder database_access_isolation dataset_manager_class
    dataset_manager_kwargs default_impersonation default_pool_task_slot_count default_task_execution_timeout
    default_task_retries default_task_retry_delay default_task_weight_rule default_timezone donot_pickle
    enable_xcom_pickling execute_tasks_new_python_interpreter execution_api_server_url executor fab_logging_level
    fernet_key hide_sensitive_var_conn_fields hostname_callable interleave_timestamp_parser internal_api_secret_key
    internal_api_url killed_task_cleanup_time lazy_discover_providers lazy_load_plugins load_default_connections
    load_examples log_filename_template log_format log_processor_filename_template logging_config_class
    logging_level max_active_runs_per_dag max_active_tasks_per_dag max_consecutive_failed_dag_runs_per_dag
    max_db_retries max_map_length max_num_rendered_ti_fields_per_task max_task_retry_delay
    max_templated_field_length might_contain_dag_callable min_serialized_dag_fetch_interval
    min_serialized_dag_update_interval mp_forkserver_preload mp_start_method multi_team non_pooled_task_slot_count
    num_dag_runs_to_retain_rendered_fields parallelism plugins_folder remote_base_log_folder remote_log_conn_id
    remote_logging rerun_with_latest_version security sensitive_var_conn_names simple_auth_manager_all_admins
    simple_auth_manager_passwords_file simple_auth_manager_users simple_log_format sql_alchemy_conn
    sql_alchemy_connect_args sql_alchemy_max_overflow sql_alchemy_pool_enabled sql_alchemy_pool_pre_ping
    sql_alchemy_pool_recycle sql_alchemy_pool_size sql_alchemy_schema sql_engine_collation_for_ids
    sql_engine_encoding strict_dataset_uri_validation task_log_prefix_template task_log_reader task_runner
    task_success_overtime team_name_cache_ttl test_connection unit_test_mode worker_precheck xcom_backend`,
  dag_processor: `
    bundle_refresh_check_interval dag_bundle_config_list dag_bundle_storage_path dag_file_processor_timeout
    dag_version_inflation_check_level disable_bundle_versioning file_parsing_sort_mode health_check_threshold
    max_callbacks_per_loop min_file_process_interval parsing_pre_import_modules parsing_processes
    print_stats_interval refresh_interval stale_bundle_cleanup_age_threshold stale_bundle_cleanup_interval
    stale_bundle_cleanup_min_versions stale_dag_threshold`,
  database: `
    alembic_ini_file_path check_migrations external_db_managers load_default_connections max_db_retries
    migration_batch_size sql_alchemy_conn sql_alchemy_conn_async sql_alchemy_connect_args
    sql_alchemy_connect_args_async sql_alchemy_engine_args sql_alchemy_max_overflow sql_alchemy_pool_enabled
    sql_alchemy_pool_pre_ping sql_alchemy_pool_recycle sql_alchemy_pool_size sql_alchemy_schema
    sql_alchemy_session_maker sql_engine_collation_for_ids sql_engine_encoding`,
  debug: 'fail_fast',
  email: `
    default_email_on_failure default_email_on_retry email_backend email_conn_id from_email html_content_template
    ssl_context subject_template`,
  execution_api: 'jwt_audience jwt_expiration_time otel_trace_propagation',
  fab: `
    access_denied_message auth_backends auth_rate_limit auth_rate_limited auth_role_public cache_ttl config_file
    cookie_samesite cookie_secure enable_proxy_fix expose_hostname navbar_color navbar_hover_color navbar_text_color
    navbar_text_hover_color proxy_fix_x_for proxy_fix_x_host proxy_fix_x_port proxy_fix_x_prefix proxy_fix_x_proto
    session_backend session_lifetime_minutes update_fab_perms`,
  imap: 'ssl_context',
  kerberos: 'ccache forwardable include_ip keytab kinit_path principal reinit_frequency',
  kubernetes_executor: 'worker_pods_pending_timeout_check_interval',
  lineage: 'backend max_assets_per_collector max_extras_per_collector',
  logging: `
    base_log_folder callsite_parameters celery_logging_level celery_stdout_stderr_separation
    color_log_error_keywords color_log_warning_keywords colored_console_log colored_formatter_class
    colored_log_format dag_processor_child_process_log_directory dag_processor_log_format dag_processor_log_target
    dag_processor_manager_log_location dag_processor_manager_log_stdout delete_local_logs enable_task_context_logger
    encrypt_s3_logs extra_logger_names fab_logging_level file_task_handler_new_file_permissions
    file_task_handler_new_folder_permissions google_key_path interleave_timestamp_parser json_logs
    log_filename_template log_format log_formatter_class log_processor_filename_template log_timestamp_format
    logging_config_class logging_level min_length_masked_secret namespace_levels remote_base_log_folder
    remote_log_conn_id remote_logging remote_task_handler_kwargs secret_mask_adapter simple_log_format
    task_log_prefix_template task_log_reader trigger_log_server_port uvicorn_logging_level worker_log_server_port`,
  metrics: `
    legacy_names_on metrics_allow_list metrics_block_list metrics_use_pattern_match otel_debugging_on otel_host
    otel_interval_milliseconds otel_on otel_port otel_prefix otel_service otel_ssl_active stat_name_handler
    statsd_allow_list statsd_block_list statsd_custom_client_path statsd_datadog_enabled statsd_datadog_metrics_tags
    statsd_datadog_tags statsd_disabled_tags statsd_host statsd_influxdb_enabled statsd_ipv6 statsd_on statsd_port
    statsd_prefix`,
  operators: `
    allow_illegal_arguments default_cpus default_deferrable default_disk default_gpus default_owner default_queue
    default_ram`,
  profiling: 'memray_detailed_tracing memray_trace_components',
  scheduler: `
    allow_trigger_in_future allowed_run_id_pattern catchup_by_default child_process_log_directory
    create_cron_data_intervals create_delta_data_intervals dag_dir_list_interval dag_stale_not_seen_duration
    dagrun_metrics_interval deactivate_stale_dags_interval enable_health_check enable_tracemalloc
    file_parsing_sort_mode ignore_first_depends_on_past_by_default job_heartbeat_sec local_task_job_heartbeat_sec
    max_callbacks_per_loop max_dagruns_per_loop_to_schedule max_dagruns_to_create_per_loop max_threads
    max_tis_per_query min_file_process_interval num_runs only_idle orphaned_tasks_check_interval
    parsing_cleanup_interval parsing_pre_import_modules parsing_processes partition_mapper_max_downstream_keys
    pool_metrics_interval print_stats_interval processor_poll_interval running_metrics_interval
    schedule_after_task_execution scheduler_health_check_server_host scheduler_health_check_server_port
    scheduler_health_check_threshold scheduler_heartbeat_sec scheduler_idle_sleep_time
    scheduler_zombie_task_threshold stale_dag_threshold standalone_dag_processor stat_name_handler statsd_allow_list
    statsd_custom_client_path statsd_datadog_enabled statsd_datadog_metrics_tags statsd_datadog_tags statsd_host
    statsd_on statsd_port statsd_prefix task_instance_heartbeat_sec task_instance_heartbeat_timeout
    task_instance_heartbeat_timeout_detection_interval task_queued_timeout task_queued_timeout_check_interval
    ti_metrics_interval trigger_timeout_check_interval use_job_schedule use_row_level_locking
    zombie_detection_interval`,
  sdk: 'coordinators queue_to_coordinator',
  secrets: 'backend backend_kwargs cache_ttl_seconds use_cache',
  sensors: 'default_timeout',
  sentry: 'before_send sentry_dsn sentry_on',
  smtp: `
    smtp_host smtp_mail_from smtp_password smtp_port smtp_retry_limit smtp_ssl smtp_starttls smtp_timeout smtp_user`,
  smtp_provider: 'ssl_context templated_email_subject_path templated_html_content_path',
  standard: 'venv_install_method',
  state_store: 'backend clear_on_success default_retention_days max_value_storage_bytes state_cleanup_batch_size',
  traces: `
    otel_debug_traces_on otel_debugging_on otel_host otel_on otel_port otel_service otel_ssl_active
    otel_task_log_event task_runner_flush_timeout_milliseconds`,
  triggerer: `
    blocked_main_thread_warning_threshold capacity default_capacity job_heartbeat_sec max_trigger_to_select_per_loop
    on_kill_timeout queues_enabled runner_health_check_threshold shared_stream_ack_timeout
    shared_stream_cohort_grace_period shared_stream_subscriber_queue_size triggerer_health_check_threshold`,
  usage_data_collection: 'enabled',
  webserver: `
    access_denied_message access_logfile access_logformat allow_raw_html_descriptions allowed_payload_size
    analytics_id analytics_tool analytics_url audit_view_excluded_events audit_view_included_events auth_rate_limit
    auth_rate_limited auto_refresh_interval base_url caching_hash_method config_file cookie_samesite cookie_secure
    dag_default_view dag_orientation default_dag_run_display_number default_ui_timezone default_wrap
    enable_proxy_fix enable_swagger_ui error_logfile expose_config expose_hostname expose_stacktrace
    grid_view_sorting_order hide_paused_dags_by_default instance_name instance_name_has_markup log_animation_speed
    log_auto_tailing_offset log_fetch_delay_sec log_fetch_timeout_sec navbar_color navbar_hover_color
    navbar_logo_text_color navbar_text_color navbar_text_hover_color num_recent_configurations_for_trigger page_size
    proxy_fix_x_for proxy_fix_x_host proxy_fix_x_port proxy_fix_x_prefix proxy_fix_x_proto reload_on_plugin_change
    require_confirmation_dag_change run_internal_api secret_key session_backend session_lifetime_minutes
    show_recent_stats_for_completed_runs show_trigger_form_if_no_params update_fab_perms warn_deployment_exposure
    web_server_host web_server_master_timeout web_server_port web_server_ssl_cert web_server_ssl_key
    web_server_worker_timeout worker_class worker_refresh_batch_size worker_refresh_interval workers x_frame_enabled`,
  workers: `
    execution_api_retries execution_api_retry_wait_max execution_api_retry_wait_min execution_api_server_url
    execution_api_timeout max_failed_heartbeats min_heartbeat_interval missing_dag_retires missing_dag_retries
    missing_dag_retry_delay secrets_backend secrets_backend_kwargs socket_cleanup_timeout state_store_backend`,
};

const KNOWN: readonly string[] = Object.entries(OPTIONS).flatMap(([section, names]) =>
  names
    .split(/\s+/)
    .filter((name) => name !== '')
    .map((name) => `${section}.${name}`),
);
const IS_KNOWN: ReadonlySet<string> = new Set(KNOWN);

/** Two letters apart at most: a provider's own option is seldom as near to one of Airflow's. */
const NEAR = 2;

/** What was probably meant by the name of an option that Airflow does not have; `undefined` = nothing is wrong. */
export function meantOption(option: string): string | undefined {
  const name = option.replace(/_(?:cmd|secret)$/, '');
  if (IS_KNOWN.has(option) || IS_KNOWN.has(name)) return undefined;
  const nearest = closest(name, KNOWN);
  return distance(name, nearest) <= NEAR ? nearest : undefined;
}

/** A sentence for each option of the file that looks mistyped: Airflow would silently ignore it. */
export const optionWarnings = ({ mwaa, sites }: Deployment): readonly string[] => {
  const blocks = [mwaa, ...sites.map((site) => site.mwaa)];
  const options = new Set(blocks.flatMap((block) => Object.keys(block.airflowConfigurationOptions ?? {})));
  return [...options].flatMap((option) => {
    const meant = meantOption(option);
    return meant === undefined ? [] : [`Airflow has no option ${option}: did you mean ${meant}?`];
  });
};
